"""The whole function in one process: bytes in, groups in the local gateway and outcomes on the local MNS out."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
import structlog

from express_sync.local.account import LOCAL_ACCOUNT
from handler import entry, invocation
from handler.config import ConfigurationError
from handler.entry import handle
from handler.faults import DeliveriesUnfinishedError
from handler.invocation import Resources, SystemClock
from handler.model import ProvisionRequest
from handler.sgw.client import Sgw
from handler.smq.client import Smq
from tests.local.sgw_support import RunningSgw
from tests.support.contract import OUTCOME_VALIDATOR
from tests.support.patience import SILENCE_SECONDS
from tests.support.prepared_mns import PreparedMns, prepared_mns
from tests.support.role_credentials import credentials_of
from tests.support.scripted_server import ScriptedServer, sends

ROLE = LOCAL_ACCOUNT.role
REGION, ACCOUNT_ID = LOCAL_ACCOUNT.region, LOCAL_ACCOUNT.account_id
MARKER = "Sup3r-S3cret"
ROLE_VARIABLES = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": ROLE.access_key_id,
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": ROLE.access_key_secret,
    "ALIBABA_CLOUD_SECURITY_TOKEN": ROLE.security_token,
}


def context_310(timeout: str = "120") -> SimpleNamespace:
    """Return the context of python3.10: it has the credentials, and its timeout is a text."""
    return SimpleNamespace(
        request_id="FC-1",
        credentials=SimpleNamespace(
            access_key_id=ROLE.access_key_id,
            access_key_secret=ROLE.access_key_secret,
            security_token=ROLE.security_token,
        ),
        function=SimpleNamespace(name="provision", handler="handler.entry.handle", memory=256, timeout=timeout),
        service=SimpleNamespace(name="", log_project="", log_store="", qualifier="LATEST", version_id=""),
        region=REGION,
        account_id=ACCOUNT_ID,
        retry_count=None,
    )


def context_312(timeout: int = 120) -> SimpleNamespace:
    """Return the context of python3.12: the credentials are in the environment."""
    return SimpleNamespace(
        request_id="FC-1",
        function=SimpleNamespace(
            name="provision",
            handler="handler.entry.handle",
            memory=256,
            timeout=timeout,
            version_id="",
            qualifier="LATEST",
        ),
        log_project="",
        log_store="",
        region=REGION,
        account_id=ACCOUNT_ID,
    )


def document(request_id: str = "REQ-1", **changes: object) -> dict[str, object]:
    """Return a valid request, whose group is named after it."""
    wanted: dict[str, object] = {
        "requestId": request_id,
        "name": f"group-of-{request_id}",
        "bucketName": "holiday-bucket",
        "bucketRegion": "cn-hangzhou",
        "bucketPrefix": f"teams/{request_id}",
        "description": f"of summer {MARKER}",
    }
    return {**wanted, **changes}


def queue_event(body: str, message_id: str) -> dict[str, Any]:
    """Return the CloudEvent of one message."""
    return {
        "id": message_id,
        "source": "acs:mns",
        "specversion": "1.0",
        "type": "mns:Queue:SendMessage",
        "datacontenttype": "application/json; charset=utf-8",
        "time": "2026-11-23T06:28:17.093Z",
        "subject": f"acs:mns:{REGION}:{ACCOUNT_ID}:queues/requests",
        "aliyunaccountid": ACCOUNT_ID,
        "data": {"requestId": "62D92563", "messageId": message_id, "messageBody": body},
    }


def batch(*bodies: object) -> bytes:
    """Return what the trigger passes: one event for each body, in order."""
    texts = [body if isinstance(body, str) else json.dumps(body) for body in bodies]
    return json.dumps([queue_event(text, f"M-{number}") for number, text in enumerate(texts)]).encode()


@dataclass
class FunctionCloud:
    """The local services and the environment of one function instance."""

    sgw: RunningSgw
    mns: PreparedMns
    set_variable: Callable[[str, str], None]

    def outcomes(self) -> list[dict[str, Any]]:
        """Return every published outcome, in order of its message; each is valid by the contract."""
        events = [json.loads(body) for body in self.mns.bodies("results")]
        for event in events:
            OUTCOME_VALIDATOR.validate(event)
        return sorted(events, key=lambda event: str(event["data"]["messageId"]))

    def statuses(self) -> list[str]:
        """Return the statuses of the outcomes."""
        return [event["data"]["status"] for event in self.outcomes()]


@pytest.fixture(scope="module")
def services() -> Iterator[tuple[RunningSgw, PreparedMns]]:
    """Run both services for all tests of the module."""
    with RunningSgw() as sgw, prepared_mns() as mns:
        yield sgw, mns


@pytest.fixture
def cloud(services: tuple[RunningSgw, PreparedMns], monkeypatch: pytest.MonkeyPatch) -> Iterator[FunctionCloud]:
    """Empty both services and prepare the environment of a new instance, with waits short enough for a test."""
    before = structlog.get_config()

    def set_variable(name: str, value: str) -> None:
        monkeypatch.setenv(f"EXPRESS_SYNC_{name}", value)

    sgw, mns = services
    sgw.admin("POST", "reset")
    mns.reset()
    for name in ROLE_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    set_variable("RESULT_TOPIC", "outcomes")
    set_variable("MNS_ENDPOINT", mns.url)
    set_variable("SGW_ENDPOINT", sgw.url)
    set_variable("BACKOFF_BASE_SECONDS", "0.01")
    set_variable("LATE_PAUSE_SECONDS", "0.01")
    entry._settings.cache_clear()
    yield FunctionCloud(sgw, mns, set_variable)
    entry._settings.cache_clear()
    structlog.configure(**before)


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the log lines so far."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("runtime", ["python3.10", "python3.12"])
def test_batch_becomes_groups_and_outcomes(cloud: FunctionCloud, monkeypatch: pytest.MonkeyPatch, runtime: str) -> None:
    """In both runtimes each request has a group and a success, and the garbage is rejected."""
    context = context_310() if runtime == "python3.10" else context_312()
    if runtime == "python3.12":
        for name, value in ROLE_VARIABLES.items():
            monkeypatch.setenv(name, value)
    base64_body = base64.b64encode(json.dumps(document("REQ-2")).encode()).decode().rstrip("=")
    summary = handle(batch(document("REQ-0"), "garbage", base64_body), context)
    assert json.loads(summary) == {"settled": 3}
    assert sorted(cloud.sgw.names()) == ["group-of-REQ-0", "group-of-REQ-2"]
    assert cloud.statuses() == ["succeeded", "rejected", "succeeded"]
    first, second, third = cloud.outcomes()
    assert [first["subject"], second["subject"], third["subject"]] == ["REQ-0", "M-1", "REQ-2"]
    assert first["source"] == f"acs:fc:{REGION}:{ACCOUNT_ID}:functions/provision"


def test_direct_caller_gets_the_published_outcome(cloud: FunctionCloud) -> None:
    returned = json.loads(handle(json.dumps(document()).encode(), context_310()))
    assert [returned] == cloud.outcomes()
    assert returned["data"]["status"] == "succeeded"
    assert returned["data"]["disposition"] == "created"


def test_direct_caller_gets_a_rejection_as_an_outcome(cloud: FunctionCloud) -> None:
    returned = json.loads(handle(b"\xff garbage", context_310()))
    assert [returned] == cloud.outcomes()
    assert returned["data"]["status"] == "rejected"


def test_trigger_gets_a_summary_without_the_request(cloud: FunctionCloud) -> None:
    assert handle(json.dumps(queue_event(json.dumps(document()), "M-0")).encode(), context_310()) == '{"settled": 1}'
    assert cloud.statuses() == ["succeeded"]


def test_empty_batch_publishes_nothing(cloud: FunctionCloud) -> None:
    assert handle(b"[]", context_310()) == '{"settled": 0}'
    assert cloud.outcomes() == []


def test_command_is_run_answered_and_logged(cloud: FunctionCloud, capsys: pytest.CaptureFixture[str]) -> None:
    """The answer to a timer is not read, so the log has the summary too."""
    cloud.set_variable("DEAD_LETTER_QUEUE", "requests")
    smq = Smq.at(cloud.mns.url, credentials_of(ROLE))
    smq.send("requests", [json.dumps(document("REQ-0")), "garbage"])
    payload = json.dumps({"control": {"drain": "deadLetters"}})
    timer = {"triggerTime": "2026-11-23T08:00:00Z", "triggerName": "sweep", "payload": payload}
    assert json.loads(handle(json.dumps(timer).encode(), context_310())) == {"finished": 2, "left": 0}
    assert sorted(cloud.statuses()) == ["rejected", "succeeded"]
    assert cloud.mns.bodies("requests") == []
    line = lines_of(capsys)[-1]
    assert (line["event"], line["request_id"], line["finished"], line["left"]) == ("carried out", "FC-1", 2, 0)


@pytest.mark.parametrize("fault", ["error-after", "reset-after", "timeout-after"])
def test_create_with_a_lost_answer_is_a_success(cloud: FunctionCloud, fault: str) -> None:
    """A plain retry would report the name as taken."""
    if fault == "timeout-after":
        cloud.set_variable("API_TIMEOUT_SECONDS", str(SILENCE_SECONDS))
    cloud.sgw.queue_faults(fault)
    handle(batch(document()), context_310())
    (outcome,) = cloud.outcomes()
    assert (outcome["data"]["status"], outcome["data"]["disposition"]) == ("succeeded", "created")
    assert outcome["data"]["attempts"] == 2
    assert len(cloud.sgw.names()) == 1


def test_redelivery_publishes_the_same_event_again(cloud: FunctionCloud) -> None:
    """The group exists already; the verdict and its id are the same."""
    for _ in range(2):
        handle(batch(document()), context_310())
    first, again = cloud.outcomes()
    assert first["id"] == again["id"]
    assert sorted([first["data"]["disposition"], again["data"]["disposition"]]) == ["created", "existing"]


def test_failures_have_their_reasons_and_do_not_affect_others(cloud: FunctionCloud) -> None:
    cloud.sgw.admin(
        "POST", "groups", {"Name": "group-of-REQ-0", "BucketName": "other-bucket", "BucketRegion": "cn-hangzhou"}
    )
    cloud.sgw.queue_faults("NoPermission", name="group-of-REQ-1")
    handle(batch(*(document(f"REQ-{number}") for number in range(3))), context_310())
    assert cloud.statuses() == ["failed", "failed", "succeeded"]
    taken, forbidden, _ = cloud.outcomes()
    assert taken["data"]["error"]["code"] == "DuplicateExpressSyncName"
    assert forbidden["data"]["error"]["code"] == "NoPermission"
    assert forbidden["data"]["request"] == document("REQ-1")


@pytest.mark.parametrize(
    ("adoption", "status"), [("identical", "succeeded"), ("never", "indeterminate"), ("owned", "failed")]
)
def test_adoption_policy_is_a_setting(cloud: FunctionCloud, adoption: str, status: str) -> None:
    """It decides on an identical group of another owner."""
    wanted = document()
    theirs = {
        "Name": "name",
        "BucketName": "bucketName",
        "BucketRegion": "bucketRegion",
        "BucketPrefix": "bucketPrefix",
    }
    cloud.sgw.admin("POST", "groups", {theirs_name: wanted[name] for theirs_name, name in theirs.items()})
    cloud.set_variable("ADOPTION", adoption)
    handle(batch(wanted), context_310())
    assert cloud.statuses() == [status]


def test_unpublished_outcome_without_a_request_queue_raises(cloud: FunctionCloud) -> None:
    """The event has to come back; its redelivery publishes the outcome."""
    cloud.mns.queue_faults("PublishMessage", "AccessDenied")
    with pytest.raises(DeliveriesUnfinishedError, match="1 of 2 deliveries have to come back"):
        handle(batch(document("REQ-0"), document("REQ-1")), context_310())
    assert len(cloud.outcomes()) == 1
    handle(batch(document("REQ-0"), document("REQ-1")), context_310())
    assert {event["subject"] for event in cloud.outcomes()} == {"REQ-0", "REQ-1"}
    assert set(cloud.statuses()) == {"succeeded"}


def test_unpublished_outcome_is_requeued_and_published_later(cloud: FunctionCloud) -> None:
    """Nothing is raised, so that the other delivery is not processed again."""
    cloud.set_variable("REQUEST_QUEUE", "requests")
    cloud.set_variable("DEFER_BASE_SECONDS", "1")
    cloud.mns.queue_faults("PublishMessage", "AccessDenied")
    sent = batch(document("REQ-0"), '{"requestId": "REQ-1", "requestId": "REQ-1"}')
    assert json.loads(handle(sent, context_310())) == {"settled": 2}
    (published,) = cloud.outcomes()
    (back,) = cloud.mns.bodies("requests")
    handle(json.dumps([queue_event(back, "M-9")]).encode(), context_310())
    events = {event["data"]["submissionId"]: event for event in cloud.outcomes()}
    assert events.keys() == {"M-0", "M-1"}
    assert [events[f"M-{number}"]["data"]["status"] for number in range(2)] == ["succeeded", "rejected"]
    assert events[published["data"]["submissionId"]] == published
    late = next(event for event in events.values() if event != published)
    assert (late["data"]["messageId"], late["data"]["generation"]) == ("M-9", 1)


def test_outcome_that_topic_and_queues_refuse_raises(cloud: FunctionCloud) -> None:
    """The event has to come back only in this case."""
    cloud.set_variable("REQUEST_QUEUE", "requests")
    cloud.mns.queue_faults("PublishMessage", "AccessDenied")
    cloud.mns.queue_faults("BatchSendMessage", "AccessDenied")
    with pytest.raises(DeliveriesUnfinishedError, match="1 of 2 deliveries have to come back"):
        handle(batch(document("REQ-0"), document("REQ-1")), context_310())
    assert len(cloud.outcomes()) == 1
    assert cloud.mns.bodies("requests") == []


def test_two_submissions_in_one_batch_have_two_outcomes(cloud: FunctionCloud) -> None:
    """The API is called once; each submission has its own event."""
    handle(batch(document(), document()), context_310())
    first, second = cloud.outcomes()
    assert [event["data"]["submissionId"] for event in (first, second)] == ["M-0", "M-1"]
    assert first["id"] != second["id"]
    assert [len(event["data"]["calls"]) for event in (first, second)] == [1, 1]
    assert [call["operation"] for call in cloud.sgw.admin("GET", "calls").json()] == ["CreateExpressSync"]


def test_unpublished_request_becomes_a_dead_letter(cloud: FunctionCloud) -> None:
    """The other delivery, whose outcome is published, is not delivered again."""
    cloud.set_variable("DEAD_LETTER_QUEUE", "requests")
    cloud.mns.queue_faults("PublishMessage", "AccessDenied")
    assert handle(batch(document("REQ-0"), document("REQ-1")), context_310()) == '{"settled": 2}'
    [published] = cloud.outcomes()
    [dead_letter] = map(json.loads, cloud.mns.bodies("requests"))
    assert {published["subject"], dead_letter["data"]["requestId"]} == {"REQ-0", "REQ-1"}
    assert dead_letter["type"] == "expresssync.provision.requested.v1"


def test_publication_is_retried_after_a_temporary_error(cloud: FunctionCloud) -> None:
    """The clock and the random numbers are real."""
    cloud.mns.queue_faults("PublishMessage", "InternalError")
    handle(batch(document()), context_310())
    assert cloud.statuses() == ["succeeded"]


@pytest.mark.parametrize(("queue", "status", "back"), [("requests", "deferred", 2), ("", "indeterminate", 0)])
def test_event_without_time_is_deferred(
    cloud: FunctionCloud, queue: str, status: str, back: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the time for publications is left, so no call of the API fits; nothing is raised and nothing is created."""
    cloud.set_variable("REQUEST_QUEUE", queue)
    cloud.set_variable("PUBLISH_RESERVE_SECONDS", "250")
    monkeypatch.setattr(entry, "time", SimpleNamespace(monotonic=lambda: time.monotonic() - 995))
    handle(batch(document("REQ-0"), document("REQ-1")), context_310(timeout="1250"))
    assert cloud.statuses() == [status] * 2
    assert {event["data"]["error"]["code"] for event in cloud.outcomes()} == {"OutOfTime"}
    assert (cloud.sgw.names(), len(cloud.mns.bodies("requests"))) == ([], back)


def test_fault_of_the_function_is_published_as_indeterminate(
    cloud: FunctionCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other deliveries are not affected and nothing is raised."""
    create = Sgw.create

    def faulty(self: Sgw, request: ProvisionRequest, timeout_seconds: float) -> object:
        if request.request_id == "REQ-1":
            raise RuntimeError(MARKER)
        return create(self, request, timeout_seconds)

    monkeypatch.setattr(Sgw, "create", faulty)
    handle(batch(*(document(f"REQ-{number}") for number in range(3))), context_310())
    assert cloud.statuses() == ["succeeded", "indeterminate", "succeeded"]
    assert cloud.outcomes()[1]["data"]["error"]["code"] == "HandlerFault"


def test_missing_settings_are_raised_before_any_call(cloud: FunctionCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """The event comes back until they are corrected."""
    monkeypatch.delenv("EXPRESS_SYNC_RESULT_TOPIC")
    cloud.set_variable("CONCURRENCY", "many")
    with pytest.raises(ConfigurationError, match=r"RESULT_TOPIC is missing.*CONCURRENCY is wrong"):
        handle(batch(document()), context_310())
    assert cloud.sgw.names() == []


def test_missing_credentials_are_raised_before_any_call(cloud: FunctionCloud) -> None:
    """A function without a role cannot call anything."""
    with pytest.raises(ConfigurationError, match="give the function a role"):
        handle(batch(document()), context_312())


def test_settings_are_read_once_for_an_instance(cloud: FunctionCloud) -> None:
    handle(batch(document("REQ-0")), context_310())
    cloud.set_variable("RESULT_TOPIC", "nowhere")
    handle(batch(document("REQ-1")), context_310())
    assert cloud.statuses() == ["succeeded", "succeeded"]


def test_credentials_are_read_for_every_invocation(cloud: FunctionCloud) -> None:
    """They expire."""
    handle(batch(document("REQ-0")), context_310())
    expired = context_310()
    expired.credentials.security_token = "expired"
    with pytest.raises(DeliveriesUnfinishedError):
        handle(batch(document("REQ-1")), expired)


@pytest.mark.parametrize(
    ("setting", "url"), [("", "https://sgw.cn-shanghai.aliyuncs.com"), ("http://127.0.0.1:1", "http://127.0.0.1:1")]
)
def test_endpoint_of_the_region_is_the_default(
    cloud: FunctionCloud, monkeypatch: pytest.MonkeyPatch, setting: str, url: str
) -> None:
    """cn-hangzhou is served from cn-shanghai."""
    cloud.set_variable("SGW_ENDPOINT", setting)
    chosen = []

    def run(_event: bytes, _context: object, _began: float, resources: Resources) -> str:
        chosen.append(resources.sgw.url)
        return ""

    monkeypatch.setattr(invocation, "run", run)
    handle(b"[]", context_310())
    assert chosen == [url]


def test_log_lines_have_invocation_message_and_request_ids(
    cloud: FunctionCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is one JSON object; the request id is null for a message without a usable one."""
    handle(batch(document("REQ-0"), "garbage"), context_310())
    lines = lines_of(capsys)
    assert {(line["request_id"], line["message_id"], line["requestId"], line["event"]) for line in lines} == {
        ("FC-1", "M-0", "REQ-0", "called"),
        ("FC-1", "M-0", "REQ-0", "announced"),
        ("FC-1", "M-1", None, "announced"),
    }


@pytest.mark.usefixtures("pauses_end_at_once")
def test_log_has_no_request_and_no_secret_at_debug_level(
    cloud: FunctionCloud, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """There are refusals, resets and answers that cannot be parsed."""
    cloud.set_variable("LOG_LEVEL", "DEBUG")
    cloud.set_variable("MAX_ATTEMPTS", "2")
    cloud.sgw.queue_faults("reset-after", "malformed-200", "RoleNotExist")
    cloud.mns.queue_faults("PublishMessage", "InternalError")
    handle(batch(document("REQ-0"), document("REQ-1"), {"name": MARKER}), context_310())
    with ScriptedServer(*[sends(b"HTTP/1.1 404 -\r\nContent-Le")] * 3) as unreadable:
        cloud.set_variable("SGW_ENDPOINT", unreadable.url)
        cloud.set_variable("API_TIMEOUT_SECONDS", "1")
        entry._settings.cache_clear()
        handle(batch(document("REQ-2")), context_310(timeout="30"))
    output = "".join(capfd.readouterr()) + caplog.text
    assert output.count('"announced"') == 4
    for hidden in (MARKER, "holiday-bucket", "group-of", ROLE.access_key_secret, ROLE.security_token):
        assert hidden not in output


def test_system_clock_moves_by_itself_and_by_sleeping() -> None:
    """Random numbers are within their range."""
    clock = SystemClock()
    before = clock.now()
    clock.sleep(0.01)
    assert clock.now() - before >= 0.01
    assert 1.0 <= clock.uniform(1.0, 2.0) <= 2.0
