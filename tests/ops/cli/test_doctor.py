"""`express-sync doctor` as people run it: a healthy local cloud, and one for each way in which it can be broken."""

import http.server
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from alibabacloud_sgw20180511.client import Client
from alibabacloud_sgw20180511.models import DescribeSharesBucketInfoForExpressSyncRequest
from alibabacloud_tea_openapi.models import Config
from click.testing import CliRunner
from mns.account import Account
from mns.queue import Message

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.cloud import CloudOptions
from express_sync.local.fc.signature import verify_acs3
from express_sync.local.openapi.request import Call
from express_sync.local.sgw.groups import EXAMPLE_BUCKET
from express_sync.ops.cli import commands
from tests.ops.cli.cli_support import Ended, Shell, Stand, stand

CHECKS = [
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
NEVER_SEEN = "What express-sync-function-cn-hangzhou may do"
ROLE = LOCAL_ACCOUNT.role
SECRETS = (LOCAL_ACCOUNT.user.access_key_secret, ROLE.access_key_secret, ROLE.security_token, "not-the-secret")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Everything, once; a test that breaks it for good takes one of its own."""
    with stand(tmp_path_factory.mktemp("cloud"), CloudOptions()) as running:
        yield running


@pytest.fixture(autouse=True)
def _no_fault_is_left(cloud: Stand) -> Iterator[None]:
    yield
    for service in ("mns", "sgw"):
        cloud.local("POST", service, "reset", {})


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[Stand]:
    """Queues and topic to break, and no function."""
    with stand(tmp_path, CloudOptions(with_function=False)) as running:
        yield running


def doctor(stand: Stand, *arguments: str) -> Ended:
    """The command in this process, which is quicker than one of its own; every run is searched for secrets."""
    strange = [name for name in os.environ if name.startswith(("EXPRESS_SYNC", "ALIBABA_CLOUD"))]
    environment: dict[str, str | None] = {**dict.fromkeys(strange), "HOME": str(stand.shell.directory)}
    before = Path.cwd()
    os.chdir(stand.shell.directory)
    try:
        result = CliRunner().invoke(commands, ["doctor", *arguments], env=environment)
    finally:
        os.chdir(before)
    return shown(Ended(result.exit_code, result.stdout, result.stderr))


def examined(stand: Stand, profile: str, **changes: Any) -> Ended:
    """What doctor says of the cloud, seen through a profile that differs."""
    directory = stand.shell.directory / ".express-sync" / "profiles"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{profile}.json").write_text(json.dumps({**stand.ready, **changes}))
    return doctor(stand, "--json", "--profile", profile)


def shown(ended: Ended) -> Ended:
    assert not [secret for secret in SECRETS if secret in ended.out + ended.err]
    assert "Traceback" not in ended.err
    return ended


def marked(ended: Ended, mark: str) -> dict[str, list[str]]:
    """What bears a mark, check by check; without what can never be seen."""
    found: dict[str, list[str]] = {}
    for line in ended.lines():
        if line["mark"] == mark and not line["says"].startswith(NEVER_SEEN):
            found.setdefault(line["check"], []).append(line["says"])
    return found


def test_a_healthy_cloud_is_all_well(cloud: Stand) -> None:
    """Every check has its lines, each marked and each a sentence; the exit code is 0.

    What the roles may do shows only when a group is made, and that is said.
    """
    ended = shown(cloud.run("doctor"))
    assert ended.code == 0, ended
    rows = ended.out.splitlines()
    assert list(dict.fromkeys(row.split()[1] for row in rows)) == CHECKS
    assert all(row.startswith(("✓ ", "? ")) and row.endswith(".") for row in rows)
    (unseen,) = (row for row in rows if row.startswith("? "))
    assert NEVER_SEEN in unseen
    assert "express-sync submit FILE --wait" in unseen
    assert "The function acts with the role express-sync-function-cn-hangzhou." in ended.out
    assert "Trigger requests brings requests from express-sync-requests to the function." in ended.out
    assert ended.err.splitlines()[-1] == "Nothing is wrong. 1 could not be seen."


def test_each_finding_is_one_line_of_json(cloud: Stand) -> None:
    """A script sees check, mark, what is so and what to do."""
    ended = doctor(cloud, "--json")
    lines = ended.lines()
    assert all(line.keys() == {"check", "mark", "says", "cure"} for line in lines)
    assert list(dict.fromkeys(line["check"] for line in lines)) == CHECKS
    assert {line["mark"] for line in lines} == {"ok", "unknown"}


def invocations(cloud: Stand) -> list[dict[str, Any]]:
    """All but those of the timers, which come at their own time."""
    return [each for each in cloud.local("GET", "fc", "invocations") if each["type"] != "Timer"]


def test_it_changes_nothing_and_runs_nothing(cloud: Stand) -> None:
    """Not a message, not a group, not an invocation; so it needs no --yes on a cloud that is not local."""
    invoked = invocations(cloud)
    before = len(cloud.local("GET", "sgw", "calls"))
    ended = examined(cloud, "prod")
    assert (ended.code, "prod" in ended.err) == (0, True)
    assert invocations(cloud) == invoked
    assert {call["operation"] for call in cloud.local("GET", "sgw", "calls")[before:]} == {
        "DescribeExpressSyncs",
        "DescribeSharesBucketInfoForExpressSync",
    }
    calls = {call["operation"] for call in cloud.local("GET", "mns", "calls")}
    assert "GetQueueAttributes" in calls
    assert not [name for name in calls if name.startswith(("Send", "Publish", "Batch", "Delete", "Receive", "Set"))]


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"accessKeySecret": "not-the-secret"}, "NotMatch"),
        ({"accessKeyId": "LTAI5tNobodysKeyAtAll"}, "InvalidAccessKeyI"),
    ],
    ids=["secret", "id"],
)
def test_a_wrong_key_is_wrong_at_every_service(keys: dict[str, str], code: str, cloud: Stand) -> None:
    """Each service says it with its own code; what lies behind is unknown, not wrong."""
    ended = examined(cloud, "wrong-key", **keys)
    assert ended.code == 1
    wrong = marked(ended, "wrong")
    assert list(wrong) == ["credentials"]
    assert len(wrong["credentials"]) == 3
    assert all(code in said for said in wrong["credentials"])
    assert set(marked(ended, "unknown")) == set(CHECKS) - {"endpoints", "credentials"}


def test_a_wrong_token_is_told_from_a_wrong_secret(cloud: Stand) -> None:
    """The gateway says so outright, the others that they let the key do nothing."""
    key = {"accessKeyId": ROLE.access_key_id, "accessKeySecret": ROLE.access_key_secret}
    ended = examined(cloud, "wrong-token", **key, securityToken="stale")
    assert ended.code == 1
    assert marked(ended, "wrong")["credentials"] == [
        "Cloud Storage Gateway finds the security token wrong (InvalidSecurityToken.Malformed)"
    ]
    without = examined(cloud, "no-token", **key)
    assert [said for said in marked(without, "wrong")["credentials"] if "has no security token" in said]


def test_a_temporary_key_with_its_token_is_well(cloud: Stand) -> None:
    """Nothing is asked that only a long-lived key may ask."""
    role = {"accessKeyId": ROLE.access_key_id, "accessKeySecret": ROLE.access_key_secret}
    assert examined(cloud, "temporary", **role, securityToken=ROLE.security_token).code == 0


def test_an_expired_token_is_told_from_a_wrong_one(cloud: Stand) -> None:
    """The cure is a new key, not another one."""
    cloud.fault("sgw", operation="DescribeExpressSyncs", faults=["InvalidSecurityToken.Expired"])
    (line,) = (line for line in doctor(cloud, "--json").lines() if line["mark"] == "wrong")
    assert (line["check"], line["cure"]) == ("credentials", "get a new temporary key")


def test_keys_may_come_from_the_files_of_other_tools(cloud: Stand) -> None:
    """Doctor says where from, and the key works."""
    key = LOCAL_ACCOUNT.user
    home = cloud.shell.directory
    (home / ".aliyun").mkdir()
    entry = {"name": "me", "mode": "AK", "access_key_id": key.access_key_id, "access_key_secret": key.access_key_secret}
    (home / ".aliyun" / "config.json").write_text(json.dumps({"current": "me", "profiles": [entry]}))
    keyless = {name: value for name, value in cloud.ready.items() if not name.startswith("accessKey")}
    (home / "express-sync").mkdir()
    (home / "express-sync" / "keyless.json").write_text(json.dumps(keyless))
    shell = Shell(home, {"XDG_CONFIG_HOME": str(home), "EXPRESS_SYNC_PROFILE": "keyless"})
    ended = shown(shell.run("doctor"))
    assert ended.code == 0
    assert "comes from profile 'me' of " in ended.out


@pytest.mark.parametrize("section", ["mns", "sgw", "fc"])
def test_an_endpoint_where_nobody_answers_is_wrong(section: str, cloud: Stand) -> None:
    """One red line with the URL; the others are judged as ever."""
    ended = examined(cloud, "gone", **{section: {**cloud.ready[section], "endpoint": NOWHERE}})
    assert ended.code == 1
    wrong = marked(ended, "wrong")
    assert list(wrong) == ["endpoints"]
    assert [NOWHERE in said for said in wrong["endpoints"]] == [True]


@pytest.mark.parametrize(("section", "other"), [("mns", "sgw"), ("mns", "fc"), ("sgw", "fc"), ("fc", "mns")])
def test_an_endpoint_of_another_service_is_wrong(section: str, other: str, cloud: Stand) -> None:
    """Whoever answers there does not speak as the service does."""
    endpoint = cloud.ready[other]["endpoint"]
    ended = examined(cloud, "mixed", **{section: {**cloud.ready[section], "endpoint": endpoint}})
    assert [said for said in marked(ended, "wrong")["endpoints"] if "words not its own" in said]


@contextmanager
def smq(stand: Stand) -> Iterator[Account]:
    """The cloud's SMQ, to break it with the official SDK."""
    key = LOCAL_ACCOUNT.user
    account = Account(stand.ready["mns"]["endpoint"], key.access_key_id, key.access_key_secret)
    try:
        yield account
    finally:
        account.get_client().close_connection()


@pytest.mark.parametrize("role", ["requestQueue", "resultQueue", "failureQueue", "deadLetterQueue"])
def test_a_missing_queue_is_wrong(role: str, cloud: Stand) -> None:
    """Named as the profile names it, with what to do."""
    ended = examined(cloud, "no-queue", mns={**cloud.ready["mns"], role: "no-such-queue"})
    assert ended.code == 1
    assert marked(ended, "wrong")["queues"] == ["Queue no-such-queue does not exist"]


def test_a_missing_topic_is_wrong_and_its_subscriptions_are_unknown(broken: Stand) -> None:
    """Outcomes have nowhere to go."""
    name = broken.ready["mns"]["resultTopic"]
    with smq(broken) as account:
        account.get_topic(name).delete()
    ended = doctor(broken, "--json")
    assert ended.code == 1
    assert marked(ended, "wrong")["topic"] == [f"Topic {name} does not exist"]
    assert "subscriptions" in marked(ended, "unknown")


@pytest.mark.parametrize("name", ["results", "failed", "indeterminate"])
def test_a_missing_subscription_is_wrong(name: str, broken: Stand) -> None:
    """Exactly the one that is missing."""
    with smq(broken) as account:
        account.get_subscription(broken.ready["mns"]["resultTopic"], name).unsubscribe()
    ended = doctor(broken, "--json")
    (said,) = marked(ended, "wrong")["subscriptions"]
    assert said.startswith(f"No subscription brings {name if name != 'results' else 'all'} outcomes to ")


def test_messages_that_wait_are_counted(broken: Stand) -> None:
    """Dead letters are seen at a glance."""
    with smq(broken) as account:
        queue = account.get_queue(broken.ready["mns"]["deadLetterQueue"])
        queue.send_message(Message("one"))
        queue.send_message(Message("two"))
    assert [said for said in marked(doctor(broken, "--json"), "ok")["queues"] if "about 2 messages" in said]


def test_a_cloud_without_the_function_is_wrong(broken: Stand) -> None:
    """Requests would lie in their queue for ever."""
    ended = doctor(broken, "--json")
    assert ended.code == 1
    assert marked(ended, "wrong") == {"function": [f"Function {broken.ready['fc']['function']} does not exist"]}


def test_a_red_line_says_what_is_wrong_and_what_to_do(broken: Stand) -> None:
    """For people: the mark, the check, the sentence, and the sum at the end."""
    ended = shown(broken.run("doctor"))
    (row,) = (row for row in ended.out.splitlines() if row.startswith("✗"))
    assert row == (
        f"✗ function       Function {broken.ready['fc']['function']} does not exist;"
        " deploy template.yml, or correct fc.function of the profile."
    )
    assert ended.err.splitlines()[-1] == "1 of 20 findings is wrong. 2 could not be seen."


@pytest.mark.parametrize("code", ["NoPermission", "Forbidden.RAM", "RoleNotExist", "AssumeRoleFail"])
def test_what_the_api_refuses_for_good_is_wrong(code: str, cloud: Stand) -> None:
    """The permission and the role are seen through the API, and the key is not blamed."""
    cloud.fault("sgw", operation="DescribeExpressSyncs", faults=[code])
    ended = doctor(cloud, "--json")
    assert ended.code == 1
    wrong = marked(ended, "wrong")
    assert list(wrong) == ["permissions"]
    assert code in wrong["permissions"][0]


@pytest.mark.parametrize("code", ["InvalidApi.NotFound", "InvalidAction.NotFound"])
def test_buckets_that_cannot_be_listed_here_are_no_error(code: str, cloud: Stand) -> None:
    """The operation is being retired; without it all is well as far as can be seen."""
    cloud.fault("sgw", operation="DescribeSharesBucketInfoForExpressSync", faults=[code])
    ended = doctor(cloud, "--json")
    assert ended.code == 0
    assert marked(ended, "unknown") == {"buckets": ["The list of usable buckets is not available here"]}


@pytest.mark.parametrize("fault", ["unavailable", "throttling", "success-false"])
def test_a_passing_fault_is_unknown_not_wrong(fault: str, cloud: Stand) -> None:
    """Nothing is mended by mending what is well."""
    cloud.fault("sgw", operation="DescribeExpressSyncs", faults=[fault])
    ended = doctor(cloud, "--json")
    assert ended.code == 0
    assert set(marked(ended, "unknown")) == {"credentials", "permissions"}


def test_every_usable_bucket_is_listed(broken: Stand) -> None:
    """Those that groups stand on among them, each once."""
    for name in ("one", "two"):
        group = {"Name": name, "BucketName": "both-in-here", "BucketRegion": "cn-hangzhou", "BucketPrefix": name}
        broken.local("POST", "sgw", "groups", group)
    said = marked(doctor(broken, "--json"), "ok")
    assert said["buckets"] == [f"2 buckets can be used: both-in-here, {EXAMPLE_BUCKET}"]
    assert said["permissions"] == ["Groups may be looked up; there are 2"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_official_client_reads_the_local_list_of_buckets(cloud: Stand) -> None:
    """All, those of a name, and those of a region, as the operation's page has it."""
    key = LOCAL_ACCOUNT.user
    endpoint = urlsplit(cloud.ready["sgw"]["endpoint"]).netloc
    client = Client(
        Config(
            access_key_id=key.access_key_id,
            access_key_secret=key.access_key_secret,
            endpoint=endpoint,
            protocol="HTTP",
        )
    )

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
    """A Function Compute that knows GetFunction, as the real one does; its URL. It verifies the signature."""

    class Handler(http.server.BaseHTTPRequestHandler):
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

        def log_message(self, *_arguments: object) -> None:
            """Stay silent."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_a_function_that_describes_itself_is_held_against_the_profile(cloud: Stand) -> None:
    """Where GetFunction is offered, its state and its settings count too."""
    names = cloud.ready["mns"]
    settings = {
        "EXPRESS_SYNC_RESULT_TOPIC": "somebody-elses",
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
        ended = examined(cloud, "described", fc={"endpoint": endpoint, "function": "provision"})
    assert paths == ["/2023-03-30/functions/provision", "/2023-03-30/functions/provision/triggers"]
    wanted = f"EXPRESS_SYNC_RESULT_TOPIC of the function is set to somebody-elses, not to {names['resultTopic']}"
    assert marked(ended, "wrong") == {
        "function": [wanted],
        "role": ["The function has no role, so it gets no key to act with"],
        "trigger": [f"No trigger brings requests from {names['requestQueue']} to the function"],
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
def test_without_a_cloud_or_a_key_one_sentence_says_what_to_do(
    environment: dict[str, str], said: str, tmp_path: Path
) -> None:
    """Exit code 2; nothing was asked."""
    assert said in Shell(tmp_path, environment).run("doctor").only_a_sentence()


def test_the_help_teaches_with_examples_and_lists_exit_codes(tmp_path: Path) -> None:
    """Nobody has to read the source to use it in a script."""
    ended = Shell(tmp_path, {}).run("doctor", "--help")
    examples, _, rest = ended.out.partition("Examples:")[2].partition("Exit codes:")
    assert "express-sync doctor --profile env" in examples
    assert [line.split()[0] for line in rest.partition("Options:")[0].splitlines() if line] == ["0", "1", "2", "130"]
    assert "--yes" not in rest
