"""Profiles of the real cloud in a few lines, and the places where keys are looked for."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.template.deployment import read_template
from express_sync.ops.doctor import messaging
from express_sync.ops.targets import profiles
from express_sync.ops.targets.credentials import find
from express_sync.ops.targets.target import choose
from express_sync.ops.terminal.errors import CliError
from tests.support.checkout import ROOT

REAL = {"region": "cn-hangzhou", "accountId": "1234567890123456"}
PAIR = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "env-id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "env-secret"}
INI = "[default]\ntype = access_key\naccess_key_id = ini-id\naccess_key_secret = ini%secret\n"
INI += "[temporary]\ntype = sts\naccess_key_id = sts-id\naccess_key_secret = s\nsecurity_token = t  # until noon\n"
CLI = {
    "current": "default",
    "profiles": [
        {"name": "default", "mode": "AK", "access_key_id": "cli-id", "access_key_secret": "s", "sts_token": ""},
        {
            "name": "temporary",
            "mode": "StsToken",
            "access_key_id": "cli-sts-id",
            "access_key_secret": "s",
            "sts_token": "cli-token",
        },
        {"name": "role", "mode": "RamRoleArn", "access_key_id": "x", "access_key_secret": "planted-secret"},
    ],
}


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """An environment with an empty home."""
    return {"HOME": str(tmp_path)}


def keep_ini(home: dict[str, str], text: str = INI, name: str = "credentials") -> None:
    directory = Path(home["HOME"]) / ".alibabacloud"
    directory.mkdir()
    (directory / name).write_text(text)


def keep_cli(home: dict[str, str], content: Any = CLI) -> None:
    directory = Path(home["HOME"]) / ".aliyun"
    directory.mkdir()
    (directory / "config.json").write_text(content if isinstance(content, str) else json.dumps(content))


def test_region_and_account_are_enough_for_a_profile() -> None:
    """Endpoints as the services document them; a mainland region shares its gateway endpoint with the others."""
    found = profiles.checked(REAL, "p.json")
    assert found["mns"]["endpoint"] == "https://1234567890123456.mns.cn-hangzhou.aliyuncs.com"
    assert found["sgw"]["endpoint"] == "https://sgw.cn-shanghai.aliyuncs.com"
    assert found["fc"]["endpoint"] == "https://1234567890123456.cn-hangzhou.fc.aliyuncs.com"


@pytest.mark.parametrize("prefix", ["express-sync", "team-b"])
def test_names_are_those_that_the_template_gives_a_stack(prefix: str) -> None:
    """What is derived is what was deployed."""
    stack = read_template(ROOT / "template.yml", LOCAL_ACCOUNT, {"NamePrefix": prefix})
    found = profiles.checked({**REAL, "namePrefix": prefix}, "p.json")
    queues = {found["mns"][role] for role in messaging.QUEUES}
    assert queues == {queue.name for queue in stack.queues}
    assert [found["mns"]["resultTopic"]] == [topic.name for topic in stack.topics]
    assert found["fc"]["function"] == stack.function.name


def test_a_name_of_its_own_outweighs_the_derived_one() -> None:
    """Only what differs has to be written."""
    found = profiles.checked({**REAL, "mns": {"failureQueue": "elsewhere"}}, "p.json")
    assert (found["mns"]["failureQueue"], found["mns"]["requestQueue"]) == ("elsewhere", "express-sync-requests")


def test_an_empty_name_says_that_there_is_no_result_queue() -> None:
    """A stack may do without it, but without no other queue."""
    assert profiles.checked({**REAL, "mns": {"resultQueue": ""}}, "p.json")["mns"]["resultQueue"] == ""
    with pytest.raises(CliError, match=r"\$\.mns\.failureQueue must not be empty"):
        profiles.checked({**REAL, "mns": {"failureQueue": ""}}, "p.json")


@pytest.mark.parametrize("part", ["mns", "sgw", "fc"])
def test_a_profile_with_an_endpoint_of_its_own_gets_no_other(part: str) -> None:
    """The key of a private cloud is never sent to the public one because a line was left out."""
    assert profiles.completed({**REAL, part: {"endpoint": "http://127.0.0.1:1"}}) == {
        **REAL,
        part: {"endpoint": "http://127.0.0.1:1"},
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"region": "cn hangzhou"}, r"\$\.region must be a region such as"),
        ({"region": "evil.example/#"}, r"\$\.region must be a region such as"),
        ({"accountId": "1234\n"}, r"\$\.accountId must be a string with the digits"),
        ({"accountId": 1234567890123456}, r"\$\.accountId must be a string"),
        ({"namePrefix": "Express"}, r"\$\.namePrefix must be the NamePrefix"),
    ],
)
def test_what_would_make_a_wrong_endpoint_is_told_by_its_key(change: dict[str, Any], said: str) -> None:
    """Nothing that is derived can lead to somebody else's host."""
    with pytest.raises(CliError, match=rf"^p\.json: {said}.*; correct it\.$"):
        profiles.checked({**REAL, **change}, "p.json")


def test_the_profile_env_is_made_of_variables_alone(tmp_path: Path) -> None:
    """No file is needed where the environment says it all."""
    settings = (("REGION", "eu-central-1"), ("ACCOUNT_ID", "42"), ("NAME_PREFIX", "team-b"))
    variables = {f"EXPRESS_SYNC_{name}": value for name, value in settings}
    target = choose("env", tmp_path, {**PAIR, **variables, "HOME": str(tmp_path)})
    assert target.profile["mns"]["endpoint"] == "https://42.mns.eu-central-1.aliyuncs.com"
    assert target.profile["mns"]["requestQueue"] == "team-b-requests"
    assert not target.is_local


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, "REGION and EXPRESS_SYNC_ACCOUNT_ID"),
        ({"EXPRESS_SYNC_REGION": "cn-hangzhou"}, "set EXPRESS_SYNC_ACCOUNT_ID"),
    ],
)
def test_the_profile_env_says_which_variables_are_missing(given: dict[str, str], missing: str) -> None:
    """All of them at once."""
    with pytest.raises(CliError, match=missing):
        profiles.read("env", (), given)


def test_keys_are_looked_for_in_the_documented_order(home: dict[str, str]) -> None:
    """Profile, variables, the SDKs' file, the CLI's file: each is used when all before it hold none."""
    own = {"accessKeyId": "own-id", "accessKeySecret": "s"}
    keep_cli(home)
    assert find({}, home).credentials.access_key_id == "cli-id"
    keep_ini(home)
    assert find({}, home).credentials.access_key_id == "ini-id"
    assert find({}, {**home, **PAIR}).credentials.access_key_id == "env-id"
    assert find(own, {**home, **PAIR}).credentials.access_key_id == "own-id"


def test_a_key_is_taken_as_it_stands_with_its_token_or_without(home: dict[str, str]) -> None:
    """Percent signs belong to it, remarks do not; `type` and `mode` say whether there is a token."""
    keep_ini(home)
    plain = find({}, home).credentials
    temporary = find({}, {**home, "ALIBABA_CLOUD_PROFILE": "temporary"}).credentials
    assert (plain.access_key_secret, plain.security_token) == ("ini%secret", "")
    assert (temporary.access_key_id, temporary.security_token) == ("sts-id", "t")


def test_cli_profile_is_the_current_or_the_requested_one(home: dict[str, str]) -> None:
    """As the CLI itself chooses."""
    keep_cli(home)
    asked = find({}, {**home, "ALIBABA_CLOUD_PROFILE": "temporary"})
    assert (asked.credentials.access_key_id, asked.credentials.security_token) == ("cli-sts-id", "cli-token")
    assert "'temporary'" in asked.where


def test_a_credentials_file_may_have_a_byte_order_mark(home: dict[str, str], tmp_path: Path) -> None:
    """Windows editors write one."""
    (tmp_path / "mine").write_text(INI.replace("ini-id", "my-id"), encoding="utf-8-sig")
    named = {**home, "ALIBABA_CLOUD_CREDENTIALS_FILE": str(tmp_path / "mine")}
    assert find({}, named).credentials.access_key_id == "my-id"


def test_a_credentials_file_may_lie_anywhere(home: dict[str, str], tmp_path: Path) -> None:
    """The variable of the SDKs names it; the Python SDK's own name for it is known too."""
    (tmp_path / "mine").write_text(INI.replace("ini-id", "my-id"))
    keep_ini(home, name="credentials.ini")
    assert find({}, home).credentials.access_key_id == "ini-id"
    named = {**home, "ALIBABA_CLOUD_CREDENTIALS_FILE": str(tmp_path / "mine")}
    assert find({}, named).credentials.access_key_id == "my-id"
    with pytest.raises(CliError, match="not a readable credentials file"):
        find({}, {**home, "ALIBABA_CLOUD_CREDENTIALS_FILE": str(tmp_path / "missing")})


def test_a_section_or_profile_that_is_not_there_is_passed_over(home: dict[str, str]) -> None:
    """The next place may have it; if none has, it is said what to set."""
    keep_ini(home)
    keep_cli(home, {**CLI, "current": "elsewhere"})
    asked = {**home, "ALIBABA_CLOUD_PROFILE": "elsewhere"}
    with pytest.raises(CliError, match="No access key is found; set ALIBABA_CLOUD_ACCESS_KEY_ID"):
        find({}, asked)


def test_unsupported_kind_of_key_is_an_error_with_the_supported(home: dict[str, str]) -> None:
    """A role to assume is not silently taken for the key that would assume it."""
    keep_cli(home)
    with pytest.raises(CliError, match=r"not supported \(only AK and StsToken\)") as told:
        find({}, {**home, "ALIBABA_CLOUD_PROFILE": "role"})
    assert "planted-secret" not in str(told.value)
    keep_ini(home, "[default]\ntype = ecs_ram_role\nrole_name = planted\n")
    with pytest.raises(CliError, match=r"not supported \(only access_key and sts\)"):
        find({}, home)


@pytest.mark.parametrize(
    "half",
    [
        {"ALIBABA_CLOUD_ACCESS_KEY_ID": "env-id"},
        {"ALIBABA_CLOUD_ACCESS_KEY_SECRET": "planted-secret"},
    ],
)
def test_half_a_key_is_an_error_and_not_completed_elsewhere(half: dict[str, str], home: dict[str, str]) -> None:
    """An id never goes with another key's secret, and the half that is there is not shown."""
    keep_ini(home)
    with pytest.raises(CliError, match="key pair in the environment is incomplete") as told:
        find({}, {**home, **half})
    assert "planted-secret" not in str(told.value)


@pytest.mark.parametrize("planted", ["planted\r", "plan\nted", "pl\0anted", "planted ", "plänted", "planted" * 2000])
@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("place", ["profile", "environment", "file of the CLI"])
def test_an_unusable_part_of_a_key_is_named_not_shown(
    place: str, number: int, planted: str, home: dict[str, str]
) -> None:
    """With the place where it is to be corrected; an INI file has the same check behind it."""
    key = ["id", "secret", "token"]
    key[number] = planted
    profile, environment = {}, home
    if place == "profile":
        profile = dict(zip(("accessKeyId", "accessKeySecret", "securityToken"), key, strict=True))
    elif place == "environment":
        environment = {**home, **dict(zip((*PAIR, "ALIBABA_CLOUD_SECURITY_TOKEN"), key, strict=True))}
    else:
        fields = dict(zip(("access_key_id", "access_key_secret", "sts_token"), key, strict=True))
        keep_cli(home, {"current": "a", "profiles": [{"name": "a", "mode": "StsToken", **fields}]})
    with pytest.raises(CliError) as told:
        find(profile, environment)
    assert f"The {('access key id', 'access key secret', 'security token')[number]} in " in told.value.message
    assert place.split(maxsplit=1)[0] in told.value.message or "config.json" in told.value.message
    assert "anted" not in told.value.message.replace(home["HOME"], "")
    assert "plan" not in told.value.message.replace(home["HOME"], "")


@pytest.mark.parametrize("planted", ["pl anted", "plänted", "planted" * 2000])
def test_an_unusable_key_of_a_credentials_file_is_not_shown(planted: str, home: dict[str, str]) -> None:
    """What is at its ends the file's format strips."""
    keep_ini(home, INI.replace("ini%secret", planted))
    with pytest.raises(CliError, match=r"The access key secret in \[default\] of .* cannot be used") as told:
        find({}, home)
    assert "anted" not in told.value.message.replace(home["HOME"], "")


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"current": "a"}', '{"current": "a", "profiles": 1}', "[" * 100_000],
    ids=["empty", "cut off", "array", "object", "no profiles", "no list", "deep"],
)
def test_a_broken_file_of_the_cli_is_one_sentence(content: str, home: dict[str, str]) -> None:
    """Whatever lies there, no command dies of it."""
    keep_cli(home, content)
    with pytest.raises(CliError, match=r"config\.json is not a readable configuration.*; correct it\."):
        find({}, home)


@pytest.mark.parametrize("content", ["no section", "[default\n", "[a]\n[a]\n"])
def test_a_broken_credentials_file_is_one_sentence(content: str, home: dict[str, str]) -> None:
    keep_ini(home, content)
    with pytest.raises(CliError, match="not a readable credentials file; correct it"):
        find({}, home)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda children: (
            st.lists(children, max_size=3)
            | st.dictionaries(st.sampled_from(["region", "accountId", "mns", "sgw", "fc", "endpoint", "x"]), children)
        ),
        max_leaves=12,
    )
)
def test_any_json_is_a_profile_or_one_sentence(document: Any) -> None:
    """A profile written by hand can hold anything."""
    try:
        said = ""
        found = profiles.checked(document, "p.json")
    except CliError as told:
        said, found = str(told), {}
    assert said.startswith("p.json: $") or {"endpoint", "requestQueue"} <= found["mns"].keys()
