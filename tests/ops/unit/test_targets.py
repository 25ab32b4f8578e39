"""Registrations, profiles and error messages of the cloud that a command acts on."""

import errno
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from express_sync.ops.atomic_file import remove_if_unchanged, write_atomically
from express_sync.ops.targets import profiles
from express_sync.ops.targets.places import config_directories, user_state_directory
from express_sync.ops.targets.registration import (
    claimed,
    registered,
    registering,
    state_directory,
)
from express_sync.ops.targets.target import LOCAL, choose, smq_error_message
from express_sync.ops.terminal.errors import CliError

PROFILE: dict[str, Any] = {
    "accessKeyId": "key",
    "accessKeySecret": "secret",
    "mns": {"endpoint": "http://127.0.0.1:1", "requestQueue": "requests", "resultQueue": "results"},
}
WITHOUT_KEYS = {"mns": PROFILE["mns"]}


@pytest.fixture
def dead_pid() -> int:
    """Return the id of a process that has just ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def register(directory: Path, pid: int) -> None:
    directory.mkdir()
    (directory / "local.json").write_text(json.dumps({"pid": pid, "ready": PROFILE}))


def test_registration_lasts_as_long_as_its_context(tmp_path: Path) -> None:
    """Only the user may read its file, which is deleted at the end."""
    with registering(tmp_path / "state", PROFILE):
        assert registered(tmp_path / "state").ready == PROFILE
        assert registered(tmp_path / "state").pid == os.getpid()
        assert (tmp_path / "state" / "local.json").stat().st_mode & 0o077 == 0
    assert list((tmp_path / "state").iterdir()) == []


def test_queues_of_a_target_share_one_client(tmp_path: Path) -> None:
    """A command that uses several queues opens its connections once, also after it has set its deadline."""
    with registering(tmp_path / ".express-sync", PROFILE):
        target = choose(LOCAL, tmp_path, {}).within(lambda: 1.0)
    assert target.requests.smq is target.results.smq is target.queue_admin


def test_missing_registration_names_the_command_to_type(tmp_path: Path) -> None:
    """It is `express-sync up`."""
    with pytest.raises(CliError, match="express-sync up"):
        registered(tmp_path)


def test_registration_of_an_ended_process_is_not_used(tmp_path: Path, dead_pid: int) -> None:
    """It does not prevent a new cloud."""
    register(tmp_path / "state", dead_pid)
    with pytest.raises(CliError, match=f"process {dead_pid}.*has ended"):
        registered(tmp_path / "state")
    with claimed(tmp_path / "state"):
        pass


def test_second_cloud_in_a_checkout_is_refused(tmp_path: Path) -> None:
    """A checkout has one local cloud, so that `local` is unambiguous."""
    with (
        registering(tmp_path / "state", PROFILE),
        pytest.raises(CliError, match=f"process {os.getpid()}"),
        claimed(tmp_path / "state"),
    ):
        pass


def test_registration_of_a_foreign_process_is_replaced(tmp_path: Path) -> None:
    """The id belongs to a living process, which does not hold the lock."""
    register(tmp_path / "state", os.getpid())
    with pytest.raises(CliError, match="has ended"):
        registered(tmp_path / "state")
    with registering(tmp_path / "state", PROFILE):
        assert registered(tmp_path / "state").ready == PROFILE


def test_claim_without_registration_leaves_no_directory(tmp_path: Path) -> None:
    """A cloud that could not start has changed nothing."""
    with claimed(tmp_path / "state"):
        pass
    assert not (tmp_path / "state").exists()


def test_file_in_place_of_the_state_directory_is_named(tmp_path: Path) -> None:
    """The sentence has the path and the reason."""
    (tmp_path / "state").touch()
    with pytest.raises(CliError, match="state cannot be created: a file has its name"), claimed(tmp_path / "state"):
        pass


def test_unwritable_place_of_the_state_directory_is_told() -> None:
    """The advice is not to remove something."""
    told = r"cannot be created: .+; run this in another directory\.$"
    with pytest.raises(CliError, match=told), claimed(Path("/proc/1/state")):
        pass


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"pid": 1}', '"text"', "[" * 100_000],
    ids=["empty", "cut off", "array", "incomplete", "text", "deep"],
)
def test_unreadable_registration_is_one_sentence(text: str, tmp_path: Path) -> None:
    """Any content of the file is handled."""
    (tmp_path / "local.json").write_text(text)
    with pytest.raises(CliError, match="delete it"):
        registered(tmp_path)


@pytest.mark.parametrize("pid", [0, -1, "1", None])
def test_invalid_process_id_counts_as_ended(pid: object, tmp_path: Path) -> None:
    """The kernel is not asked about process 0 or -1, which would mean others."""
    (tmp_path / "local.json").write_text(json.dumps({"pid": pid, "ready": PROFILE}))
    with pytest.raises(CliError, match="has ended"):
        registered(tmp_path)


def test_state_directory_is_beside_the_nearest_template(tmp_path: Path) -> None:
    """Outside of a checkout it is in the current directory."""
    (tmp_path / "checkout" / "events").mkdir(parents=True)
    (tmp_path / "checkout" / "template.yml").touch()
    assert state_directory(tmp_path / "checkout" / "events", {}) == tmp_path / "checkout" / ".express-sync"
    (tmp_path / "elsewhere").mkdir()
    assert state_directory(tmp_path / "elsewhere", {}) == tmp_path / "elsewhere" / ".express-sync"


@pytest.mark.parametrize(
    ("platform", "environment", "configuration", "state"),
    [
        ("linux", {}, ["h/.config"], "h/.local/state"),
        ("linux", {"XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "/s"}, ["/c"], "/s"),
        ("linux", {"XDG_CONFIG_HOME": "c", "XDG_STATE_HOME": "s"}, ["h/.config"], "h/.local/state"),
        ("darwin", {}, ["h/Library/Application Support", "h/.config"], "h/Library/Application Support"),
        ("win32", {"APPDATA": "a", "LOCALAPPDATA": "l"}, ["a"], "l"),
    ],
)
def test_directories_of_the_user_are_those_of_the_page(
    platform: str, environment: dict[str, str], configuration: list[str], state: str
) -> None:
    """docs/command-line.md lists them; a relative path in a variable is ignored."""
    environment = {"HOME": "h", **environment}
    assert [str(path.parent) for path in config_directories(environment, platform)] == configuration
    assert user_state_directory(environment, platform) == Path(state) / "express-sync"


def test_installed_command_keeps_its_state_with_the_user(tmp_path: Path) -> None:
    """In a checkout it uses that, whether it is installed or not."""
    environment = {"XDG_STATE_HOME": str(tmp_path / "state")}
    assert state_directory(tmp_path, environment, is_installed=True) == tmp_path / "state" / "express-sync"
    assert state_directory(tmp_path, environment, is_installed=False) == tmp_path / ".express-sync"
    (tmp_path / "template.yml").touch()
    assert state_directory(tmp_path, environment, is_installed=True) == tmp_path / ".express-sync"


def test_unwritable_file_is_one_sentence(tmp_path: Path) -> None:
    """The directory of a ready file may be missing."""
    with pytest.raises(CliError, match="Cannot write"):
        write_atomically(tmp_path / "missing" / "ready.json", "{}")


@pytest.mark.parametrize("name", [".", "there", "there/.."])
def test_directory_is_not_overwritten_by_a_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names it, and no temporary file is left."""
    monkeypatch.chdir(tmp_path)
    Path("there").mkdir()
    with pytest.raises(CliError, match=r"^Cannot write .*: it is a directory; name a file\.$"):
        write_atomically(Path(name), "{}")
    assert [path.name for path in tmp_path.rglob("*")] == ["there"]


def test_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    """A program may wait for the ready object at its other end; the same holds for /dev/stdout."""
    pipe = tmp_path / "ready"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(pipe.read_text)
        write_atomically(pipe, "{}")
        assert reader.result() == "{}"
    remove_if_unchanged(pipe, "{}")
    assert pipe.is_fifo()


def test_full_device_is_one_sentence() -> None:
    """The device is still there afterwards."""
    with pytest.raises(CliError, match="Cannot write /dev/full: No space left on device"):
        write_atomically(Path("/dev/full"), "{}")
    assert Path("/dev/full").is_char_device()


def test_symbolic_link_is_kept(tmp_path: Path) -> None:
    """Its target is replaced, or created."""
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "target")
    for text in ("{}", "[]"):
        write_atomically(link, text)
        assert (link.is_symlink(), (tmp_path / "target").read_text()) == (True, text)


def test_failed_write_leaves_no_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is deleted when it cannot be renamed."""

    def refuse(_draft: Path, _target: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(CliError, match="Operation not permitted"):
        write_atomically(tmp_path / "ready.json", "{}")
    assert list(tmp_path.iterdir()) == []


def test_local_profile_is_the_registered_cloud(tmp_path: Path) -> None:
    """Only this one may be changed without confirmation."""
    with registering(tmp_path / ".express-sync", PROFILE):
        target = choose(LOCAL, tmp_path, {})
    assert target.is_local
    assert target.credentials.access_key_secret == "secret"


def test_profile_in_the_checkout_precedes_the_home(tmp_path: Path) -> None:
    """Profiles of the checkout are looked for first."""
    home, checkout = tmp_path / "home" / "express-sync", tmp_path / "checkout" / ".express-sync" / "profiles"
    for directory, region in ((home, "from-home"), (checkout, "from-checkout")):
        directory.mkdir(parents=True)
        (directory / "test.json").write_text(json.dumps({**PROFILE, "region": region}))
    (home / "other.json").write_text(json.dumps({**PROFILE, "region": "from-home"}))
    environment = {"XDG_CONFIG_HOME": str(tmp_path / "home")}
    found = [choose(name, tmp_path / "checkout", environment) for name in ("test", "other")]
    assert [target.profile["region"] for target in found] == ["from-checkout", "from-home"]
    assert all(target.is_local for target in found)  # its endpoint is a loopback address


def test_unknown_profile_is_reported_with_its_places(tmp_path: Path) -> None:
    """The sentence says where to write the file."""
    with pytest.raises(CliError, match=r"Profile 'prod' does not exist.*profiles/prod\.json"):
        choose("prod", tmp_path, {"HOME": str(tmp_path)})


@pytest.mark.parametrize("name", ["../secret", "", "a/b", ".hidden", "x" * 65, "name\n"])
def test_profile_name_is_not_a_path(name: str, tmp_path: Path) -> None:
    """It cannot name a file in another directory."""
    with pytest.raises(CliError, match="--profile"):
        profiles.read(name, (tmp_path,), {})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mns": {}}, r"\$\.mns\.endpoint is missing"),
        ({"mns": {**PROFILE["mns"], "endpoint": "queues.example"}}, r"\$\.mns\.endpoint must be an https URL"),
        ({"mns": {**PROFILE["mns"], "requestQueue": ""}}, r"\$\.mns\.requestQueue must not be empty"),
        ({"acessKeyId": "typo"}, r"\$ has an unknown key; known keys are accessKeyId, "),
        ({"fc": {"endpoint": "http://127.0.0.1:1"}}, r"\$\.fc\.function is missing"),
        ({"portal": {"url": "http://u:secret@portal.example"}}, r"\$\.portal\.url must be the https URL of a portal"),
    ],
)
def test_invalid_profile_is_reported_by_its_key(change: dict[str, Any], said: str) -> None:
    """Each fault is one sentence with the path of the key."""
    with pytest.raises(CliError, match=rf"^p\.json: {said}.*; correct it\.$") as refused:
        profiles.checked({**PROFILE, **change}, "p.json")
    assert "secret" not in refused.value.message


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ([], "$ must be an object"),
        ({"region": "cn-hangzhou"}, "$.accountId is missing, from which the endpoints are derived"),
        ({}, "$.region and $.accountId are missing, from which the endpoints are derived"),
        (
            {"region": "cn-hangzhou", "accountId": "1", "sgw": {"endpoint": "http://127.0.0.1:1"}},
            "$.mns is missing; a profile that names an endpoint must also name those of SMQ",
        ),
    ],
)
def test_incomplete_profile_is_reported_by_what_is_missing(profile: object, said: str) -> None:
    """A stack needs region and account, any other cloud its endpoints."""
    with pytest.raises(CliError) as refused:
        profiles.checked(profile, "p.json")
    assert refused.value.message == f"p.json: {said}; correct it."


@pytest.mark.parametrize("text", ["{", b"\xff", "[]", "[" * 100_000], ids=["cut off", "not text", "array", "deep"])
def test_profile_that_is_not_an_object_is_one_sentence(text: str | bytes, tmp_path: Path) -> None:
    """Any content of the file is handled."""
    (tmp_path / "p.json").write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(CliError, match="correct it"):
        profiles.read("p", (tmp_path,), {})


def test_keys_missing_in_a_profile_come_from_the_environment() -> None:
    """Secrets need not be in a file."""
    environment = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": "id",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret",
        "ALIBABA_CLOUD_SECURITY_TOKEN": "token",
    }
    found = profiles.credentials(WITHOUT_KEYS, environment)
    assert (found.access_key_id, found.access_key_secret, found.security_token) == ("id", "secret", "token")


def test_incomplete_key_pair_is_not_completed_from_elsewhere() -> None:
    """The key id of a profile is never used with another secret."""
    environment = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret"}
    with pytest.raises(CliError, match="ALIBABA_CLOUD_ACCESS_KEY_ID"):
        profiles.credentials({**WITHOUT_KEYS, "accessKeyId": "mine"}, environment)


@pytest.mark.parametrize(
    ("code", "cure"),
    [
        ("QueueNotExist", "queue names"),
        ("SignatureDoesNotMatch", "access key secret"),
        ("NotConnected", "express-sync up"),
    ],
)
def test_smq_error_is_reported_with_advice(code: str, cure: str, tmp_path: Path) -> None:
    """The sentence contains the code of the service."""
    with registering(tmp_path / ".express-sync", PROFILE):
        said = smq_error_message(code, choose(LOCAL, tmp_path, {}))
        assert code in said
        assert cure in said


def test_ended_local_cloud_is_reported_as_ended(tmp_path: Path) -> None:
    """This also holds if another cloud has been registered since."""
    with registering(tmp_path / ".express-sync", PROFILE):
        target = choose(LOCAL, tmp_path, {})
    said = "The local cloud has ended; start one with `express-sync up`."
    assert smq_error_message("RespDataDamaged", target) == said
    with registering(tmp_path / ".express-sync", {**PROFILE, "region": "eu-central-1"}):
        assert smq_error_message("NotConnected", target) == said


@pytest.mark.parametrize(("token", "cure"), [({}, "; grant the access key"), ({"securityToken": "x"}, "doctor")])
def test_denied_temporary_key_may_have_a_wrong_token(token: dict[str, str], cure: str, tmp_path: Path) -> None:
    """SMQ reports both with the same code."""
    with registering(tmp_path / ".express-sync", {**PROFILE, **token}):
        assert cure in smq_error_message("AccessDenied", choose(LOCAL, tmp_path, {}))
