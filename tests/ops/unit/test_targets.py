"""Which cloud a command acts on: registrations that cannot deceive, profiles that say what is wrong with them."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from express_sync.ops.atomic_file import write_atomically
from express_sync.ops.targets import profiles
from express_sync.ops.targets.registration import (
    check_none_registered,
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
    """The id of a process that has just ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def register(directory: Path, pid: int) -> None:
    directory.mkdir()
    (directory / "local.json").write_text(json.dumps({"pid": pid, "ready": PROFILE}))


def test_a_registration_is_there_while_it_is_wanted_and_no_longer(tmp_path: Path) -> None:
    """Its file comes whole, is for the user alone, and leaves with the cloud."""
    with registering(tmp_path / "state", PROFILE):
        assert registered(tmp_path / "state").ready == PROFILE
        assert registered(tmp_path / "state").pid == os.getpid()
        assert (tmp_path / "state" / "local.json").stat().st_mode & 0o077 == 0
    assert list((tmp_path / "state").iterdir()) == []


def test_without_a_local_cloud_it_is_said_how_to_start_one(tmp_path: Path) -> None:
    """The sentence names the command to type."""
    with pytest.raises(CliError, match="express-sync up"):
        registered(tmp_path)


def test_a_stale_registration_is_said_and_not_used(tmp_path: Path, dead_pid: int) -> None:
    """A killed cloud's endpoints are never acted on; nor does its file hinder a new one."""
    register(tmp_path / "state", dead_pid)
    with pytest.raises(CliError, match=f"process {dead_pid}.*has ended"):
        registered(tmp_path / "state")
    check_none_registered(tmp_path / "state")


def test_a_second_cloud_in_a_checkout_is_refused(tmp_path: Path) -> None:
    """One checkout, one local cloud, so that `local` means one thing."""
    register(tmp_path / "state", os.getpid())
    with pytest.raises(CliError, match=f"process {os.getpid()}"):
        check_none_registered(tmp_path / "state")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '"text"'])
def test_a_broken_registration_is_a_sentence(text: str, tmp_path: Path) -> None:
    """Whatever lies in the file, no command dies of it."""
    (tmp_path / "local.json").write_text(text)
    with pytest.raises(CliError, match="delete it"):
        registered(tmp_path)


@pytest.mark.parametrize("pid", [0, -1, "1", None])
def test_a_pid_that_is_none_is_not_alive(pid: object, tmp_path: Path) -> None:
    """Asking the kernel about process 0 or -1 would ask about others."""
    (tmp_path / "local.json").write_text(json.dumps({"pid": pid, "ready": PROFILE}))
    with pytest.raises(CliError, match="has ended"):
        registered(tmp_path)


def test_the_state_lies_beside_the_nearest_template(tmp_path: Path) -> None:
    """A subdirectory of a checkout sees the checkout's cloud; outside of one, the directory is its own."""
    (tmp_path / "checkout" / "events").mkdir(parents=True)
    (tmp_path / "checkout" / "template.yml").touch()
    assert state_directory(tmp_path / "checkout" / "events") == tmp_path / "checkout" / ".express-sync"
    (tmp_path / "elsewhere").mkdir()
    assert state_directory(tmp_path / "elsewhere") == tmp_path / "elsewhere" / ".express-sync"


def test_a_file_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    """A ready file in a directory that is not there is the user's to correct."""
    with pytest.raises(CliError, match="Cannot write"):
        write_atomically(tmp_path / "missing" / "ready.json", "{}")


@pytest.mark.parametrize("name", [".", "there", "there/.."])
def test_a_directory_is_no_place_for_a_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names it, and no draft is left beside it."""
    monkeypatch.chdir(tmp_path)
    Path("there").mkdir()
    with pytest.raises(CliError, match=r"^Cannot write .*: it is a directory; name a file\.$"):
        write_atomically(Path(name), "{}")
    assert [path.name for path in tmp_path.rglob("*")] == ["there"]


def test_a_write_that_fails_in_the_end_leaves_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else would ever delete it."""

    def refuse(_draft: Path, _target: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(CliError, match="Operation not permitted"):
        write_atomically(tmp_path / "ready.json", "{}")
    assert list(tmp_path.iterdir()) == []


def test_the_local_profile_is_the_registered_cloud(tmp_path: Path) -> None:
    """Only that is local, and so may be changed without leave."""
    with registering(tmp_path / ".express-sync", PROFILE):
        target = choose(LOCAL, tmp_path, {})
    assert target.is_local
    assert target.credentials.access_key_secret == "secret"


def test_a_named_profile_is_found_in_the_checkout_before_the_home(tmp_path: Path) -> None:
    """The checkout's own profiles come first, then the user's."""
    home, checkout = tmp_path / "home" / "express-sync", tmp_path / "checkout" / ".express-sync" / "profiles"
    for directory, region in ((home, "from-home"), (checkout, "from-checkout")):
        directory.mkdir(parents=True)
        (directory / "test.json").write_text(json.dumps({**PROFILE, "region": region}))
    (home / "other.json").write_text(json.dumps({**PROFILE, "region": "from-home"}))
    environment = {"XDG_CONFIG_HOME": str(tmp_path / "home")}
    found = [choose(name, tmp_path / "checkout", environment) for name in ("test", "other")]
    assert [target.profile["region"] for target in found] == ["from-checkout", "from-home"]
    assert not any(target.is_local for target in found)


def test_an_unknown_profile_is_said_with_the_places_looked_at(tmp_path: Path) -> None:
    """The sentence says where to write the file."""
    with pytest.raises(CliError, match=r"no profile 'prod'.*profiles/prod\.json"):
        choose("prod", tmp_path, {"HOME": str(tmp_path)})


@pytest.mark.parametrize("name", ["../secret", "", "a/b", ".hidden", "x" * 65, "name\n"])
def test_a_profile_name_cannot_lead_out_of_its_directory(name: str, tmp_path: Path) -> None:
    """A name is a name, never a path."""
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
    ],
)
def test_a_wrong_profile_is_told_by_its_key(change: dict[str, Any], said: str) -> None:
    """Each fault of a profile is one sentence that names the place."""
    with pytest.raises(CliError, match=rf"^p\.json: {said}.*; correct it\.$"):
        profiles.checked({**PROFILE, **change}, "p.json")


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
def test_half_a_profile_is_told_what_the_other_half_is(profile: object, said: str) -> None:
    """A stack is known by region and account, any other cloud by its endpoints."""
    with pytest.raises(CliError) as refused:
        profiles.checked(profile, "p.json")
    assert refused.value.message == f"p.json: {said}; correct it."


@pytest.mark.parametrize("text", ["{", b"\xff", "[]"])
def test_a_profile_that_is_no_json_object_is_a_sentence(text: str | bytes, tmp_path: Path) -> None:
    """Whatever lies in the file, no command dies of it."""
    (tmp_path / "p.json").write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(CliError, match="correct it"):
        profiles.read("p", (tmp_path,), {})


def test_keys_that_the_profile_leaves_out_come_from_the_environment() -> None:
    """Secrets need not lie in a file."""
    environment = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": "id",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret",
        "ALIBABA_CLOUD_SECURITY_TOKEN": "token",
    }
    found = profiles.credentials(WITHOUT_KEYS, environment)
    assert (found.access_key_id, found.access_key_secret, found.security_token) == ("id", "secret", "token")


def test_half_a_key_pair_is_not_completed_from_elsewhere() -> None:
    """A profile's key id never goes with another key's secret."""
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
def test_a_failure_of_the_queue_service_says_what_to_do(code: str, cure: str, tmp_path: Path) -> None:
    """The service's code and its cure stand in one sentence."""
    with registering(tmp_path / ".express-sync", PROFILE):
        said = smq_error_message(code, choose(LOCAL, tmp_path, {}))
        assert code in said
        assert cure in said


def test_a_local_cloud_that_has_ended_meanwhile_is_not_called_broken(tmp_path: Path) -> None:
    """Whatever the last thing was that could be heard of it; another cloud that has taken its place is another."""
    with registering(tmp_path / ".express-sync", PROFILE):
        target = choose(LOCAL, tmp_path, {})
    said = "The local cloud has ended; start one with `express-sync up`."
    assert smq_error_message("RespDataDamaged", target) == said
    with registering(tmp_path / ".express-sync", {**PROFILE, "region": "eu-central-1"}):
        assert smq_error_message("NotConnected", target) == said


@pytest.mark.parametrize(("token", "cure"), [({}, "; grant the access key"), ({"securityToken": "x"}, "doctor")])
def test_of_a_temporary_key_denied_access_may_mean_its_token(token: dict[str, str], cure: str, tmp_path: Path) -> None:
    """SMQ has one code for both."""
    with registering(tmp_path / ".express-sync", {**PROFILE, **token}):
        assert cure in smq_error_message("AccessDenied", choose(LOCAL, tmp_path, {}))
