"""The whole function in process: bytes in, groups in the local gateway and outcomes on the local MNS out."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from jsonschema import Draft7Validator

from express_sync.local.account import LOCAL_ACCOUNT
from handler import entry
from handler.config import ConfigurationError
from handler.credentials import Credentials
from handler.entry import DeliveriesUnfinishedError, SystemClock, handle
from handler.inbound.validation import SCHEMAS
from handler.model import ProvisionRequest
from handler.sgw.client import Sgw
from handler.smq.client import Smq
from tests.handler.integration.handler_support import Mns, ScriptedServer, credentials_of, furnished_mns, sends
from tests.local.sgw_support import RunningSgw as Cloud
from tests.support.patience import SILENCE_SECONDS

CONTRACT = Draft7Validator(json.loads((SCHEMAS / "provision-outcome.v1.json").read_bytes()))
ROLE = LOCAL_ACCOUNT.role
REGION, ACCOUNT_ID = LOCAL_ACCOUNT.region, LOCAL_ACCOUNT.account_id
MARKER = "Sup3r-S3cret"
ROLE_VARIABLES = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": ROLE.access_key_id,
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": ROLE.access_key_secret,
    "ALIBABA_CLOUD_SECURITY_TOKEN": ROLE.security_token,
}


def context_310(timeout: str = "120") -> SimpleNamespace:
    """The context of python3.10: it has the credentials, and its timeout is a text."""
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
    """The context of python3.12: the credentials are in the environment."""
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
    """A valid request, whose group is named after it."""
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
    """The CloudEvent of one message."""
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
    """What the trigger hands over: one event for each body, in order."""
    texts = [body if isinstance(body, str) else json.dumps(body) for body in bodies]
    return json.dumps([queue_event(text, f"M-{number}") for number, text in enumerate(texts)]).encode()


@dataclass
class Stage:
    """The cloud around one function instance."""

    sgw: Cloud
    mns: Mns
    set_variable: Callable[[str, str], None]

    def outcomes(self) -> list[dict[str, Any]]:
        """Every announced outcome, in order of its message; each keeps the contract."""
        events = [json.loads(body) for body in self.mns.bodies("results")]
        for event in events:
            CONTRACT.validate(event)
        return sorted(events, key=lambda event: str(event["data"]["messageId"]))

    def statuses(self) -> list[str]:
        """The statuses of the outcomes."""
        return [event["data"]["status"] for event in self.outcomes()]


@pytest.fixture(scope="module")
def services() -> Iterator[tuple[Cloud, Mns]]:
    """Both services for all tests of the module."""
    with Cloud() as sgw, furnished_mns() as mns:
        yield sgw, mns


@pytest.fixture
def stage(services: tuple[Cloud, Mns], monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Both services emptied and a fresh instance's environment, with waits short enough for a test."""
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
    yield Stage(sgw, mns, set_variable)
    entry._settings.cache_clear()
    structlog.configure(**before)


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The log lines so far."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("runtime", ["python3.10", "python3.12"])
def test_a_batch_becomes_groups_and_outcomes(stage: Stage, monkeypatch: pytest.MonkeyPatch, runtime: str) -> None:
    """In both generations of the runtime: a group and a success for each request, a rejection for the garbage."""
    context = context_310() if runtime == "python3.10" else context_312()
    if runtime == "python3.12":
        for name, value in ROLE_VARIABLES.items():
            monkeypatch.setenv(name, value)
    base64_body = base64.b64encode(json.dumps(document("REQ-2")).encode()).decode().rstrip("=")
    summary = handle(batch(document("REQ-0"), "garbage", base64_body), context)
    assert json.loads(summary) == {"settled": 3}
    assert sorted(stage.sgw.names()) == ["group-of-REQ-0", "group-of-REQ-2"]
    assert stage.statuses() == ["succeeded", "rejected", "succeeded"]
    first, second, third = stage.outcomes()
    assert [first["subject"], second["subject"], third["subject"]] == ["REQ-0", "M-1", "REQ-2"]
    assert first["source"] == f"acs:fc:{REGION}:{ACCOUNT_ID}:functions/provision"


def test_a_direct_caller_gets_its_outcome(stage: Stage) -> None:
    """The very event that was announced."""
    returned = json.loads(handle(json.dumps(document()).encode(), context_310()))
    assert [returned] == stage.outcomes()
    assert returned["data"]["status"] == "succeeded"
    assert returned["data"]["disposition"] == "created"


def test_a_direct_caller_gets_its_rejection(stage: Stage) -> None:
    """As an outcome, not as an exception."""
    returned = json.loads(handle(b"\xff garbage", context_310()))
    assert [returned] == stage.outcomes()
    assert returned["data"]["status"] == "rejected"


def test_a_trigger_gets_a_summary_even_for_a_single_message(stage: Stage) -> None:
    """Nobody reads it, and it holds nothing of the request."""
    assert handle(json.dumps(queue_event(json.dumps(document()), "M-0")).encode(), context_310()) == '{"settled": 1}'
    assert stage.statuses() == ["succeeded"]


def test_an_empty_batch_announces_nothing(stage: Stage) -> None:
    """And is no error."""
    assert handle(b"[]", context_310()) == '{"settled": 0}'
    assert stage.outcomes() == []


def test_an_order_is_carried_out_answered_and_logged(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """A timer's order has nobody who hears the answer, so the log has it too."""
    stage.set_variable("DEAD_LETTER_QUEUE", "requests")
    smq = Smq(stage.mns.url, credentials_of(ROLE))
    smq.send("requests", [json.dumps(document("REQ-0")), "garbage"])
    payload = json.dumps({"control": {"drain": "deadLetters"}})
    timer = {"triggerTime": "2026-11-23T08:00:00Z", "triggerName": "sweep", "payload": payload}
    assert json.loads(handle(json.dumps(timer).encode(), context_310())) == {"finished": 2, "left": 0}
    assert sorted(stage.statuses()) == ["rejected", "succeeded"]
    assert stage.mns.bodies("requests") == []
    told = lines_of(capsys)[-1]
    assert (told["event"], told["request_id"], told["finished"], told["left"]) == ("carried out", "FC-1", 2, 0)


@pytest.mark.parametrize("fault", ["error-after", "reset-after", "timeout-after"])
def test_a_create_whose_answer_was_lost_is_a_success(stage: Stage, fault: str) -> None:
    """Where a plain retry would report the name as taken."""
    if fault == "timeout-after":
        stage.set_variable("API_TIMEOUT_SECONDS", str(SILENCE_SECONDS))
    stage.sgw.queue_faults(fault)
    handle(batch(document()), context_310())
    (outcome,) = stage.outcomes()
    assert (outcome["data"]["status"], outcome["data"]["disposition"]) == ("succeeded", "created")
    assert outcome["data"]["attempts"] == 2
    assert len(stage.sgw.names()) == 1


def test_a_redelivery_announces_the_same_event_again(stage: Stage) -> None:
    """The group exists already, the verdict and its id are the same."""
    for _ in range(2):
        handle(batch(document()), context_310())
    first, again = stage.outcomes()
    assert first["id"] == again["id"]
    assert sorted([first["data"]["disposition"], again["data"]["disposition"]]) == ["created", "existing"]


def test_a_taken_name_and_a_missing_right_are_failures_with_their_reasons(stage: Stage) -> None:
    """Neither harms the third."""
    stage.sgw.admin(
        "POST", "groups", {"Name": "group-of-REQ-0", "BucketName": "other-bucket", "BucketRegion": "cn-hangzhou"}
    )
    stage.sgw.queue_faults("NoPermission", name="group-of-REQ-1")
    handle(batch(*(document(f"REQ-{number}") for number in range(3))), context_310())
    assert stage.statuses() == ["failed", "failed", "succeeded"]
    taken, forbidden, _ = stage.outcomes()
    assert taken["data"]["error"]["code"] == "DuplicateExpressSyncName"
    assert forbidden["data"]["error"]["code"] == "NoPermission"
    assert forbidden["data"]["request"] == document("REQ-1")


@pytest.mark.parametrize(
    ("adoption", "status"), [("identical", "succeeded"), ("never", "indeterminate"), ("owned", "failed")]
)
def test_the_adoption_policy_is_a_setting(stage: Stage, adoption: str, status: str) -> None:
    """What an identical group of somebody else means."""
    wanted = document()
    theirs = {
        "Name": "name",
        "BucketName": "bucketName",
        "BucketRegion": "bucketRegion",
        "BucketPrefix": "bucketPrefix",
    }
    stage.sgw.admin("POST", "groups", {theirs_name: wanted[name] for theirs_name, name in theirs.items()})
    stage.set_variable("ADOPTION", adoption)
    handle(batch(wanted), context_310())
    assert stage.statuses() == [status]


def test_an_unpublished_outcome_without_a_queue_raises(stage: Stage) -> None:
    """There is no request queue to send it back to, so the event has to come back; the redelivery announces it."""
    stage.mns.queue_faults("PublishMessage", "AccessDenied")
    with pytest.raises(DeliveriesUnfinishedError, match="1 of 2 deliveries have to come back"):
        handle(batch(document("REQ-0"), document("REQ-1")), context_310())
    assert len(stage.outcomes()) == 1
    handle(batch(document("REQ-0"), document("REQ-1")), context_310())
    assert {event["subject"] for event in stage.outcomes()} == {"REQ-0", "REQ-1"}
    assert set(stage.statuses()) == {"succeeded"}


def test_an_unpublished_outcome_goes_back_to_the_queue(stage: Stage) -> None:
    """Nothing is raised, so that the neighbour is not processed again; what came back is announced then."""
    stage.set_variable("REQUEST_QUEUE", "requests")
    stage.set_variable("DEFER_BASE_SECONDS", "1")
    stage.mns.queue_faults("PublishMessage", "AccessDenied")
    sent = batch(document("REQ-0"), '{"requestId": "REQ-1", "requestId": "REQ-1"}')
    assert json.loads(handle(sent, context_310())) == {"settled": 2}
    (told,) = stage.outcomes()
    (back,) = stage.mns.bodies("requests")
    handle(json.dumps([queue_event(back, "M-9")]).encode(), context_310())
    events = {event["data"]["submissionId"]: event for event in stage.outcomes()}
    assert events.keys() == {"M-0", "M-1"}
    assert [events[f"M-{number}"]["data"]["status"] for number in range(2)] == ["succeeded", "rejected"]
    assert events[told["data"]["submissionId"]] == told
    late = next(event for event in events.values() if event != told)
    assert (late["data"]["messageId"], late["data"]["generation"]) == ("M-9", 1)


def test_what_neither_topic_nor_queue_takes_raises(stage: Stage) -> None:
    """Only then has the event to come back."""
    stage.set_variable("REQUEST_QUEUE", "requests")
    stage.mns.queue_faults("PublishMessage", "AccessDenied")
    stage.mns.queue_faults("BatchSendMessage", "AccessDenied")
    with pytest.raises(DeliveriesUnfinishedError, match="1 of 2 deliveries have to come back"):
        handle(batch(document("REQ-0"), document("REQ-1")), context_310())
    assert len(stage.outcomes()) == 1
    assert stage.mns.bodies("requests") == []


def test_two_submissions_in_one_batch_are_answered_twice(stage: Stage) -> None:
    """The API is asked once; each submission has an event of its own."""
    handle(batch(document(), document()), context_310())
    first, second = stage.outcomes()
    assert [event["data"]["submissionId"] for event in (first, second)] == ["M-0", "M-1"]
    assert first["id"] != second["id"]
    assert [len(event["data"]["calls"]) for event in (first, second)] == [1, 1]
    assert [call["operation"] for call in stage.sgw.admin("GET", "calls").json()] == ["CreateExpressSync"]


def test_unpublished_request_becomes_a_dead_letter(stage: Stage) -> None:
    """Its neighbour, whose outcome is published, is not delivered again."""
    stage.set_variable("DEAD_LETTER_QUEUE", "requests")
    stage.mns.queue_faults("PublishMessage", "AccessDenied")
    assert handle(batch(document("REQ-0"), document("REQ-1")), context_310()) == '{"settled": 2}'
    [published] = stage.outcomes()
    [dead_letter] = map(json.loads, stage.mns.bodies("requests"))
    assert {published["subject"], dead_letter["data"]["requestId"]} == {"REQ-0", "REQ-1"}
    assert dead_letter["type"] == "expresssync.provision.requested.v1"


def test_a_passing_fault_of_the_topic_is_sat_out(stage: Stage) -> None:
    """With a real clock and real chance."""
    stage.mns.queue_faults("PublishMessage", "InternalError")
    handle(batch(document()), context_310())
    assert stage.statuses() == ["succeeded"]


@pytest.mark.parametrize(("queue", "status", "back"), [("requests", "deferred", 2), ("", "indeterminate", 0)])
def test_an_event_without_time_is_deferred(stage: Stage, queue: str, status: str, back: int) -> None:
    """On a function timeout of a second no call of the API fits; nothing is raised and nothing is made."""
    stage.set_variable("REQUEST_QUEUE", queue)
    handle(batch(document("REQ-0"), document("REQ-1")), context_310(timeout="1"))
    assert stage.statuses() == [status] * 2
    assert {event["data"]["error"]["code"] for event in stage.outcomes()} == {"OutOfTime"}
    assert (stage.sgw.names(), len(stage.mns.bodies("requests"))) == ([], back)


def test_a_fault_of_ours_is_announced_as_indeterminate(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its neighbours unharmed and nothing raised."""
    create = Sgw.create

    def faulty(self: Sgw, request: ProvisionRequest, timeout_seconds: float) -> object:
        if request.request_id == "REQ-1":
            raise RuntimeError(MARKER)
        return create(self, request, timeout_seconds)

    monkeypatch.setattr(Sgw, "create", faulty)
    handle(batch(*(document(f"REQ-{number}") for number in range(3))), context_310())
    assert stage.statuses() == ["succeeded", "indeterminate", "succeeded"]
    assert stage.outcomes()[1]["data"]["error"]["code"] == "HandlerFault"


def test_missing_settings_are_told_before_anything_is_done(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """By name; the event comes back until they are corrected."""
    monkeypatch.delenv("EXPRESS_SYNC_RESULT_TOPIC")
    stage.set_variable("CONCURRENCY", "many")
    with pytest.raises(ConfigurationError, match=r"RESULT_TOPIC is missing.*CONCURRENCY is wrong"):
        handle(batch(document()), context_310())
    assert stage.sgw.names() == []


def test_missing_credentials_are_told_before_anything_is_done(stage: Stage) -> None:
    """A function without a role cannot call anything."""
    with pytest.raises(ConfigurationError, match="give the function a role"):
        handle(batch(document()), context_312())


def test_settings_are_read_once_for_an_instance(stage: Stage) -> None:
    """Later invocations do not read them again."""
    handle(batch(document("REQ-0")), context_310())
    stage.set_variable("RESULT_TOPIC", "nowhere")
    handle(batch(document("REQ-1")), context_310())
    assert stage.statuses() == ["succeeded", "succeeded"]


def test_credentials_are_read_for_every_invocation(stage: Stage) -> None:
    """They expire."""
    handle(batch(document("REQ-0")), context_310())
    expired = context_310()
    expired.credentials.security_token = "expired"
    with pytest.raises(DeliveriesUnfinishedError):
        handle(batch(document("REQ-1")), expired)


@pytest.mark.parametrize(
    ("setting", "url"), [("", "https://sgw.cn-shanghai.aliyuncs.com"), ("http://127.0.0.1:1", "http://127.0.0.1:1")]
)
def test_the_gateway_is_that_of_the_region_unless_set(stage: Stage, setting: str, url: str) -> None:
    """cn-hangzhou is served from cn-shanghai."""
    stage.set_variable("SGW_ENDPOINT", setting)
    service = entry._provisioner(entry._settings(), context_310(), Credentials("key", "secret")).service
    assert isinstance(service, Sgw)
    assert service.endpoint == url


def test_every_line_of_the_log_is_tied_to_invocation_message_and_request(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """One JSON object each; of a message without a usable requestId that is null."""
    handle(batch(document("REQ-0"), "garbage"), context_310())
    lines = lines_of(capsys)
    assert {(line["request_id"], line["message_id"], line["requestId"], line["event"]) for line in lines} == {
        ("FC-1", "M-0", "REQ-0", "called"),
        ("FC-1", "M-0", "REQ-0", "announced"),
        ("FC-1", "M-1", None, "announced"),
    }


def test_nothing_of_a_request_and_no_secret_is_written_anywhere(
    stage: Stage, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """At the most talkative level, on refusals, resets and answers whose head cannot even be read."""
    stage.set_variable("LOG_LEVEL", "DEBUG")
    stage.set_variable("MAX_ATTEMPTS", "2")
    stage.sgw.queue_faults("reset-after", "malformed-200", "RoleNotExist")
    stage.mns.queue_faults("PublishMessage", "InternalError")
    handle(batch(document("REQ-0"), document("REQ-1"), {"name": MARKER}), context_310())
    with ScriptedServer(*[sends(b"HTTP/1.1 404 -\r\nContent-Le")] * 3) as unreadable:
        stage.set_variable("SGW_ENDPOINT", unreadable.url)
        entry._settings.cache_clear()
        handle(batch(document("REQ-2")), context_310())
    output = "".join(capfd.readouterr()) + caplog.text
    assert output.count('"announced"') == 4
    for hidden in (MARKER, "holiday-bucket", "group-of", ROLE.access_key_secret, ROLE.security_token):
        assert hidden not in output


def test_the_clock_is_the_real_one() -> None:
    """It moves on by itself, and by at least what was slept; chance stays in its range."""
    clock = SystemClock()
    before = clock.now()
    clock.sleep(0.01)
    assert clock.now() - before >= 0.01
    assert 1.0 <= clock.uniform(1.0, 2.0) <= 2.0
