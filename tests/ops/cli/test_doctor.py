"""`express-sync doctor` against a healthy local cloud and against clouds with single faults."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from alibabacloud_sgw20180511.client import Client
from alibabacloud_sgw20180511.models import DescribeSharesBucketInfoForExpressSyncRequest
from mns.account import Account
from mns.queue import Message

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.cloud import CloudOptions
from express_sync.local.fc.signature import verify_acs3
from express_sync.local.openapi.request import Call
from express_sync.local.sgw.groups import EXAMPLE_BUCKET
from tests.support.cli import ROLE, CloudShell, Ended, Shell, cloud_shell, run_in_process, without_secrets
from tests.support.http_server import ANY_PORT, Quiet, served
from tests.support.tea_config import tea_config

CHECKS = [
    "health",
    "endpoints",
    "credentials",
    "queues",
    "topic",
    "subscriptions",
    "function",
    "role",
    "trigger",
    "permissions",
    "buckets",
]
NOWHERE = "http://127.0.0.1:1"
UNTESTED_ROLES = "The permissions of express-sync-function-cn-hangzhou and the role of Cloud Storage Gateway"


@pytest.fixture(scope="module")
def shared_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudShell]:
    """Run a cloud for the tests of this module whose timers do not fire: tests count calls."""
    with cloud_shell(tmp_path_factory.mktemp("cloud"), CloudOptions(clock_factor=0)) as running:
        yield running


@pytest.fixture
def cloud(shared_cloud: CloudShell) -> CloudShell:
    """Return a cloud without messages and faults; tests that break it for good use `queues`."""
    shared_cloud.reset()
    return shared_cloud


def doctor(cloud: CloudShell, *arguments: str) -> Ended:
    """Run the command in this process."""
    return run_in_process(cloud.shell.directory, "doctor", *arguments)


def inspect(cloud: CloudShell, profile: str, **changes: Any) -> Ended:
    """Run doctor with a profile that differs from that of the cloud."""
    directory = cloud.shell.directory / ".express-sync" / "profiles"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{profile}.json").write_text(json.dumps({**cloud.ready, **changes}))
    return doctor(cloud, "--json", "--profile", profile)


def messages(ended: Ended, mark: str) -> dict[str, list[str]]:
    """Return the messages with a mark by check, without the one about untested roles."""
    found: dict[str, list[str]] = {}
    for line in ended.lines():
        if line["mark"] == mark and not line["message"].startswith(UNTESTED_ROLES):
            found.setdefault(line["check"], []).append(line["message"])
    return found


def test_healthy_cloud_has_no_faults(cloud: CloudShell) -> None:
    """Each check prints at least one marked sentence, and the exit code is 0."""
    ended = without_secrets(cloud.run("doctor"))
    assert ended.code == 0, ended
    rows = ended.out.splitlines()
    assert list(dict.fromkeys(row.split()[1] for row in rows)) == CHECKS
    assert all(row.startswith(("✓ ", "? ")) and row.endswith(".") for row in rows)
    (unseen,) = (row for row in rows if row.startswith("? "))
    assert UNTESTED_ROLES in unseen
    assert "express-sync submit FILE --wait" in unseen
    assert "The function has the role express-sync-function-cn-hangzhou." in ended.out
    assert "Trigger requests delivers requests from express-sync-requests to the function." in ended.out
    assert ended.err.splitlines()[-1] == "Nothing is wrong. 1 could not be determined."


def test_finding_is_one_line_of_json(cloud: CloudShell) -> None:
    """A script gets check, mark, message and fix."""
    ended = doctor(cloud, "--json")
    lines = ended.lines()
    assert all(line.keys() == {"check", "mark", "message", "fix"} for line in lines)
    assert list(dict.fromkeys(line["check"] for line in lines)) == CHECKS
    assert {line["mark"] for line in lines} == {"ok", "unknown"}


def test_doctor_is_read_only(cloud: CloudShell) -> None:
    """It sends no message, creates no group and invokes nothing, so it needs no --yes for a remote cloud."""
    invoked = cloud.local("GET", "fc", "invocations")
    before = len(cloud.local("GET", "sgw", "calls"))
    ended = inspect(cloud, "prod")
    assert (ended.code, "prod" in ended.err) == (0, True)
    assert cloud.local("GET", "fc", "invocations") == invoked
    assert {call["operation"] for call in cloud.local("GET", "sgw", "calls")[before:]} == {
        "DescribeExpressSyncs",
        "DescribeSharesBucketInfoForExpressSync",
    }
    calls = {call["operation"] for call in cloud.local("GET", "mns", "calls")}
    assert "GetQueueAttributes" in calls
    assert not [name for name in calls if name.startswith(("Send", "Publish", "Batch", "Delete", "Receive", "Set"))]


def test_doctor_looks_up_each_thing_once(cloud: CloudShell) -> None:
    """No two findings can contradict each other."""
    cloud.local("POST", "mns", "reset", {})
    before = len(cloud.local("GET", "sgw", "calls"))
    assert doctor(cloud).code == 0
    lookups = Counter(
        (call["operation"], call["target"])
        for call in cloud.local("GET", "mns", "calls")
        if call["operation"].startswith("Get")
    )
    lookups.update((call["operation"], "") for call in cloud.local("GET", "sgw", "calls")[before:])
    assert set(lookups.values()) == {1}, lookups
    assert len(lookups) > len(cloud.queue_names())


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"accessKeySecret": "not-the-secret"}, "NotMatch"),
        ({"accessKeyId": "LTAI5tUnknownKeyId"}, "InvalidAccessKeyI"),
    ],
    ids=["secret", "id"],
)
def test_wrong_key_is_wrong_at_every_service(keys: dict[str, str], code: str, cloud: CloudShell) -> None:
    """Each service has its own code; the resources behind it are unknown, not wrong."""
    ended = inspect(cloud, "wrong-key", **keys)
    assert ended.code == 1
    wrong = messages(ended, "wrong")
    assert list(wrong) == ["credentials"]
    assert len(wrong["credentials"]) == 3
    assert all(code in said for said in wrong["credentials"])
    assert set(messages(ended, "unknown")) == set(CHECKS) - {"endpoints", "credentials"}


def test_wrong_token_differs_from_wrong_secret(cloud: CloudShell) -> None:
    """Only the gateway reports the token; the other services deny everything to the key."""
    key = {"accessKeyId": ROLE.access_key_id, "accessKeySecret": ROLE.access_key_secret}
    ended = inspect(cloud, "wrong-token", **key, securityToken="stale")
    assert ended.code == 1
    assert messages(ended, "wrong")["credentials"] == [
        "Cloud Storage Gateway reports that the security token is wrong or missing (InvalidSecurityToken.Malformed)"
    ]
    without = inspect(cloud, "no-token", **key)
    assert [said for said in messages(without, "wrong")["credentials"] if "has no security token" in said]


def test_temporary_key_with_token_is_accepted(cloud: CloudShell) -> None:
    """No check requires a long-lived key."""
    role = {"accessKeyId": ROLE.access_key_id, "accessKeySecret": ROLE.access_key_secret}
    assert inspect(cloud, "temporary", **role, securityToken=ROLE.security_token).code == 0


def test_expired_token_has_its_own_fix(cloud: CloudShell) -> None:
    """The fix is a new key, not a correction."""
    cloud.fault("sgw", operation="DescribeExpressSyncs", faults=["InvalidSecurityToken.Expired"])
    (line,) = (line for line in doctor(cloud, "--json").lines() if line["mark"] == "wrong")
    assert (line["check"], line["fix"]) == ("credentials", "get a new temporary key")


def test_key_may_come_from_the_files_of_other_tools(cloud: CloudShell) -> None:
    """The source of the key is reported."""
    key = LOCAL_ACCOUNT.user
    home = cloud.shell.directory
    (home / ".aliyun").mkdir()
    entry = {"name": "me", "mode": "AK", "access_key_id": key.access_key_id, "access_key_secret": key.access_key_secret}
    (home / ".aliyun" / "config.json").write_text(json.dumps({"current": "me", "profiles": [entry]}))
    keyless = {name: value for name, value in cloud.ready.items() if not name.startswith("accessKey")}
    (home / "express-sync").mkdir()
    (home / "express-sync" / "keyless.json").write_text(json.dumps(keyless))
    shell = Shell(home, {"XDG_CONFIG_HOME": str(home), "EXPRESS_SYNC_PROFILE": "keyless"})
    ended = without_secrets(shell.run("doctor"))
    assert ended.code == 0
    assert "comes from profile 'me' of " in ended.out


@pytest.mark.parametrize("section", ["mns", "sgw", "fc"])
def test_unreachable_endpoint_is_the_only_fault(section: str, cloud: CloudShell) -> None:
    """The message contains the URL; the other services are checked as usual."""
    ended = inspect(cloud, "gone", **{section: {**cloud.ready[section], "endpoint": NOWHERE}})
    assert ended.code == 1
    wrong = messages(ended, "wrong")
    assert list(wrong) == ["endpoints"]
    assert [NOWHERE in said for said in wrong["endpoints"]] == [True]


@pytest.mark.parametrize(("section", "other"), [("mns", "sgw"), ("mns", "fc"), ("sgw", "fc"), ("fc", "mns")])
def test_endpoint_of_another_service_is_wrong(section: str, other: str, cloud: CloudShell) -> None:
    """The response does not look like one of the service."""
    endpoint = cloud.ready[other]["endpoint"]
    ended = inspect(cloud, "mixed", **{section: {**cloud.ready[section], "endpoint": endpoint}})
    assert [said for said in messages(ended, "wrong")["endpoints"] if "does not respond like" in said]


@contextmanager
def smq(cloud: CloudShell) -> Iterator[Account]:
    """Yield an account of the official SDK for the SMQ of the cloud."""
    key = LOCAL_ACCOUNT.user
    account = Account(cloud.ready["mns"]["endpoint"], key.access_key_id, key.access_key_secret)
    try:
        yield account
    finally:
        account.get_client().close_connection()


@pytest.mark.parametrize("role", ["requestQueue", "resultQueue", "failureQueue", "deadLetterQueue"])
def test_missing_queue_is_wrong(role: str, cloud: CloudShell) -> None:
    """The message contains the name in the profile."""
    ended = inspect(cloud, "no-queue", mns={**cloud.ready["mns"], role: "no-such-queue"})
    assert ended.code == 1
    assert messages(ended, "wrong")["queues"] == ["Queue no-such-queue does not exist"]


def test_missing_topic_leaves_subscriptions_unknown(queues: CloudShell) -> None:
    """The fault is reported where its cause is."""
    name = queues.ready["mns"]["resultTopic"]
    with smq(queues) as account:
        account.get_topic(name).delete()
    ended = doctor(queues, "--json")
    assert ended.code == 1
    assert messages(ended, "wrong")["topic"] == [f"Topic {name} does not exist"]
    assert "subscriptions" in messages(ended, "unknown")


@pytest.mark.parametrize("name", ["results", "failed", "indeterminate"])
def test_missing_subscription_is_the_only_fault(name: str, queues: CloudShell) -> None:
    """Exactly the missing one is reported."""
    with smq(queues) as account:
        account.get_subscription(queues.ready["mns"]["resultTopic"], name).unsubscribe()
    ended = doctor(queues, "--json")
    (said,) = messages(ended, "wrong")["subscriptions"]
    assert said.startswith(f"No subscription delivers {name if name != 'results' else 'all'} outcomes to ")


def test_waiting_messages_are_counted(queues: CloudShell) -> None:
    """Dead letters are visible at a glance."""
    with smq(queues) as account:
        queue = account.get_queue(queues.ready["mns"]["deadLetterQueue"])
        queue.send_message(Message("one"))
        queue.send_message(Message("two"))
    assert [said for said in messages(doctor(queues, "--json"), "ok")["queues"] if "about 2 messages" in said]


def test_missing_function_is_wrong(queues: CloudShell) -> None:
    """Requests would stay in their queue."""
    ended = doctor(queues, "--json")
    assert ended.code == 1
    assert messages(ended, "wrong") == {"function": [f"Function {queues.ready['fc']['function']} does not exist"]}


def test_fault_line_names_fault_and_fix(queues: CloudShell) -> None:
    """The line has mark, check and sentence; the summary counts the faults."""
    ended = without_secrets(queues.run("doctor"))
    (row,) = (row for row in ended.out.splitlines() if row.startswith("✗"))
    assert row == (
        f"✗ function       Function {queues.ready['fc']['function']} does not exist;"
        " deploy template.yml, or correct fc.function of the profile."
    )
    assert ended.err.splitlines()[-1] == "1 of 23 findings is wrong. 2 could not be determined."


@pytest.mark.parametrize("code", ["NoPermission", "Forbidden.RAM", "RoleNotExist", "AssumeRoleFail"])
def test_missing_permission_or_role_is_wrong(code: str, cloud: CloudShell) -> None:
    """The key itself is not reported as wrong."""
    cloud.fault("sgw", operation="DescribeExpressSyncs", faults=[code])
    ended = doctor(cloud, "--json")
    assert ended.code == 1
    wrong = messages(ended, "wrong")
    assert list(wrong) == ["permissions"]
    assert code in wrong["permissions"][0]


@pytest.mark.parametrize("code", ["InvalidApi.NotFound", "InvalidAction.NotFound"])
def test_missing_bucket_list_is_not_an_error(code: str, cloud: CloudShell) -> None:
    """The operation is being retired, and nothing else depends on it."""
    cloud.fault("sgw", operation="DescribeSharesBucketInfoForExpressSync", faults=[code])
    ended = doctor(cloud, "--json")
    assert ended.code == 0
    assert messages(ended, "unknown") == {"buckets": ["The list of usable buckets is not available here"]}


@pytest.mark.parametrize("fault", ["unavailable", "throttling", "success-false"])
def test_transient_error_is_unknown_not_wrong(fault: str, cloud: CloudShell) -> None:
    """No finding has a fix."""
    cloud.fault("sgw", operation="DescribeExpressSyncs", faults=[fault])
    ended = doctor(cloud, "--json")
    assert ended.code == 0
    assert set(messages(ended, "unknown")) == {"credentials", "permissions"}


def test_usable_buckets_are_listed_once(queues: CloudShell) -> None:
    """Buckets of existing groups are among them."""
    for name in ("one", "two"):
        group = {"Name": name, "BucketName": "both-in-here", "BucketRegion": "cn-hangzhou", "BucketPrefix": name}
        queues.local("POST", "sgw", "groups", group)
    said = messages(doctor(queues, "--json"), "ok")
    assert said["buckets"] == [f"2 buckets can be used: both-in-here, {EXAMPLE_BUCKET}"]
    assert said["permissions"] == ["The key may look up groups; there are 2"]


def test_official_client_reads_the_local_bucket_list(cloud: CloudShell) -> None:
    """All buckets, those with a name, and those of a region can be listed, as in the API reference."""
    client = Client(tea_config(cloud.ready["sgw"]["endpoint"]))

    def listed(**wanted: str) -> list[tuple[str, str, str]]:
        request = DescribeSharesBucketInfoForExpressSyncRequest(**wanted)
        body = client.describe_shares_bucket_info_for_express_sync(request).body
        return [(info.bucket_name, info.bucket_region, info.bucket_prefix) for info in body.bucket_infos.bucket_info]

    assert listed() == [(EXAMPLE_BUCKET, "cn-hangzhou", "")]
    assert listed(bucket_name="any-bucket", bucket_region="cn-beijing") == [("any-bucket", "cn-beijing", "")]
    assert listed(bucket_name="any-bucket") == [("any-bucket", "cn-hangzhou", "")]
    assert listed(bucket_name="No Bucket!") == []
    assert listed(bucket_region="cn-beijing") == []


@contextmanager
def functions(description: Callable[[str], dict[str, Any]]) -> Iterator[str]:
    """Yield the URL of a Function Compute that implements GetFunction and verifies the signature."""

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            target = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            verify_acs3(
                Call.of("GET", target.path, target.query.encode(), headers, b""), LOCAL_ACCOUNT.keys(), time.time()
            )
            body = json.dumps(description(target.path)).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with served(ThreadingHTTPServer(ANY_PORT, Handler)) as server:
        yield f"http://127.0.0.1:{server.server_port}"


def test_function_settings_are_compared_with_the_profile(cloud: CloudShell) -> None:
    """Where GetFunction is available, the state and the settings are checked, too."""
    names = cloud.ready["mns"]
    settings = {
        "EXPRESS_SYNC_RESULT_TOPIC": "of-another-stack",
        "EXPRESS_SYNC_REQUEST_QUEUE": names["requestQueue"],
        "EXPRESS_SYNC_DEAD_LETTER_QUEUE": names["deadLetterQueue"],
        "SOMETHING_SECRET": "not-the-secret",
    }
    paths: list[str] = []

    def description(path: str) -> dict[str, Any]:
        paths.append(path)
        if path.endswith("/triggers"):
            return {"triggers": []}
        return {"functionName": "provision", "state": "Active", "environmentVariables": settings}

    with functions(description) as endpoint:
        ended = inspect(cloud, "described", fc={"endpoint": endpoint, "function": "provision"})
    assert paths == ["/2023-03-30/functions/provision", "/2023-03-30/functions/provision/triggers"]
    wanted = f"EXPRESS_SYNC_RESULT_TOPIC of the function is set to of-another-stack, not to {names['resultTopic']}"
    assert messages(ended, "wrong") == {
        "function": [wanted],
        "role": ["The function has no role, so it has no key to call other services with"],
        "trigger": [f"No trigger delivers requests from {names['requestQueue']} to the function"],
    }


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "express-sync up"),
        ({"EXPRESS_SYNC_PROFILE": "env"}, "EXPRESS_SYNC_REGION and EXPRESS_SYNC_ACCOUNT_ID"),
        (
            {"EXPRESS_SYNC_PROFILE": "env", "EXPRESS_SYNC_REGION": "cn-hangzhou", "EXPRESS_SYNC_ACCOUNT_ID": "1"},
            "No access key is found",
        ),
    ],
    ids=["no cloud", "no account", "no key"],
)
def test_missing_cloud_or_key_is_an_error(environment: dict[str, str], said: str, tmp_path: Path) -> None:
    """The exit code is 2, and no call is sent."""
    assert said in Shell(tmp_path, environment).run("doctor").only_a_sentence()


def test_help_has_examples_and_exit_codes(tmp_path: Path) -> None:
    """Scripts can be written without reading the source."""
    ended = Shell(tmp_path, {}).run("doctor", "--help")
    examples, _, rest = ended.out.partition("Examples:")[2].partition("Exit codes:")
    assert "express-sync doctor --profile env" in examples
    assert [line.split()[0] for line in rest.partition("Options:")[0].splitlines() if line] == ["0", "1", "2", "130"]
    assert "--yes" not in rest
