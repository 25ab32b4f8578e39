"""The findings of `doctor` for every kind of response."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import pytest

from express_sync.ops.acs import Response
from express_sync.ops.doctor import endpoints, function, messaging, storage_gateway, triggers
from express_sync.ops.doctor.checks import CHECKS, run_checks
from express_sync.ops.doctor.cloud import FUNCTIONS, GATEWAY, SERVICES, SMQ, InspectedCloud
from express_sync.ops.doctor.finding import Finding, Mark
from express_sync.ops.queues.inventory import Peeked, QueueState, SmqInventory, Subscription
from express_sync.ops.targets.credentials import Found
from express_sync.ops.terminal.certificates import UNTRUSTED
from handler.credentials import Credentials
from handler.smq.client import SmqError

NAMES = {
    "requestQueue": "requests",
    "resultTopic": "outcomes",
    "resultQueue": "results",
    "failureQueue": "failures",
    "deadLetterQueue": "dead",
    "portalQueue": "portal",
}
PROFILE = {
    "mns": {"endpoint": "http://smq.example", **NAMES},
    "sgw": {"endpoint": "http://sgw.example"},
    "fc": {"endpoint": "http://fc.example", "function": "provision"},
}
SECRET, TOKEN = "planted-secret", "planted-token"
SUBSCRIPTIONS = (
    Subscription("results", "results", "", "SIMPLIFIED"),
    Subscription("portal", "portal", "", "SIMPLIFIED"),
    Subscription("failed", "failures", "failed", "SIMPLIFIED"),
    Subscription("indeterminate", "failures", "indeterminate", "SIMPLIFIED"),
)
GROUPS: dict[str, Any] = {"ExpressSyncs": {"ExpressSync": [{}, {}]}}
BUCKETS = {"BucketInfos": {"BucketInfo": [{"BucketName": "one"}, {"BucketName": "two"}]}}
ROLE = "acs:ram::1:role/express-sync-function"
SETTINGS = {variable: NAMES[key] for variable, key in function.SETTINGS.items()}

Check = Callable[[InspectedCloud], Iterator[Finding]]


class FakeInventory:
    """An inventory with given content; lookups of names in `failing` fail with the given code."""

    def __init__(
        self, failing: Mapping[str, str], subscriptions: tuple[Subscription, ...], counts: Mapping[str, int]
    ) -> None:
        self._failing, self._subscriptions, self._counts = failing, subscriptions, counts

    def state(self, queue: str) -> QueueState:
        self._look_up(queue)
        return QueueState(visible=self._counts.get(queue, 0))

    def peek(self, _queue: str) -> tuple[Peeked, ...]:
        return ()

    def check_topic(self, topic: str) -> None:
        self._look_up(topic)

    def subscriptions(self, topic: str) -> tuple[Subscription, ...]:
        self._look_up(topic)
        return self._subscriptions

    def _look_up(self, name: str) -> None:
        if name in self._failing:
            raise SmqError(self._failing[name], transient=False)


def queue_trigger(queue: str, *, name: str = "requests", **config: Any) -> dict[str, Any]:
    """Return a queue trigger as ListTriggers returns it."""
    source = {"eventSourceParameters": {"sourceMNSParameters": {"QueueName": queue}}}
    return {"triggerName": name, "triggerConfig": json.dumps({"eventSourceConfig": source, **config})}


def timer(drained: str, *, enable: object = True) -> dict[str, Any]:
    """Return a timer that drains a queue, as ListTriggers returns it."""
    payload = json.dumps({"control": {"drain": drained}})
    config = {"cronExpression": "@every 1m", "enable": enable, "payload": payload}
    return {"triggerName": drained, "triggerConfig": json.dumps(config)}


def response(code: str, document: Mapping[str, Any] | None = None) -> Response:
    return Response(code, document or {})


def inspected(
    *,
    profile: Mapping[str, Any] = PROFILE,
    key_id: str = "LTAI5tExampleKey",
    token: str = "",
    failing: Mapping[str, str] | None = None,
    subscriptions: tuple[Subscription, ...] = SUBSCRIPTIONS,
    counts: Mapping[str, int] | None = None,
    groups: Response | None = None,
    buckets: Response | None = None,
    function_response: Response | None = None,
    triggers: Response | None = None,
) -> InspectedCloud:
    """Return a healthy cloud with the given exceptions; no call goes over a network."""
    cloud = InspectedCloud(profile, Found(Credentials(key_id, SECRET, token), "the profile"), own_ms=0)
    vars(cloud).update(
        now_ms=0,
        inventory=cast(SmqInventory, FakeInventory(failing or {}, subscriptions, counts or {})),
        groups=groups or response("", GROUPS),
        buckets=buckets or response("", BUCKETS),
        function=function_response or response("", {"state": "Active", "environmentVariables": SETTINGS, "role": ROLE}),
        triggers=triggers or response("", {"triggers": [queue_trigger("requests")]}),
    )
    return cloud


def without(section: str, *keys: str) -> dict[str, Any]:
    """Return the profile without some keys of a section, or without all of them."""
    rest = {name: dict(fields) for name, fields in PROFILE.items()}
    for key in keys or tuple(rest[section]):
        del rest[section][key]
    return rest


def marks(check: Check, cloud: InspectedCloud) -> list[Mark]:
    return [finding.mark for finding in check(cloud)]


def test_healthy_cloud_has_no_fault_and_one_unknown() -> None:
    """Every check reports something; only the permissions of the roles remain unknown."""
    found = list(run_checks(inspected()))
    assert {name for name, _ in found} == set(CHECKS)
    assert [name for name, finding in found if finding.mark == "unknown"] == ["role"]
    assert {finding.mark for _, finding in found} == {"ok", "unknown"}
    assert not any(finding.fix for _, finding in found if finding.mark == "ok")


def failing(smq: str, sgw: str, fc: str, **codes: str) -> InspectedCloud:
    """Return a cloud in which every call fails with the code of its service; `codes` are exceptions by name in SMQ."""
    return inspected(
        failing={**dict.fromkeys(NAMES.values(), smq), **codes},
        groups=response(sgw),
        buckets=response(sgw),
        function_response=response(fc),
        triggers=response(fc),
    )


FAULTY: dict[str, InspectedCloud] = {
    "unreachable": failing("NotConnected", "NotReached", "NotReached"),
    "foreign": failing("RespDataDamaged", "Http502", "Http404"),
    "rejected": failing("SignatureDoesNotMatch", "SignatureDoesNotMatch", "SignatureNotMatch"),
    "absent": failing("QueueNotExist", "RoleNotExist", "FunctionNotFound", outcomes="TopicNotExist"),
    "denied": failing("AccessDenied", "NoPermission", "AccessDenied"),
    "transient": failing("InternalError", "InternalError", "InternalServerError"),
    "without role": inspected(function_response=response("", {"role": ""})),
    "empty profile": inspected(profile={"mns": {}, "sgw": {}, "fc": {}}),
    "without subscriptions": inspected(subscriptions=()),
    "without token": inspected(key_id="STS.NUSomething", token=""),
}


@pytest.mark.parametrize("state", FAULTY)
def test_every_fault_has_a_fix_in_one_sentence(state: str) -> None:
    """Message and fix are clauses, so they can be joined."""
    faults = [finding for _, finding in run_checks(FAULTY[state]) if finding.mark != "ok"]
    assert faults
    for finding in faults:
        assert finding.fix
        assert finding.sentence == f"{finding.message}; {finding.fix}."
        assert not finding.message.endswith((".", ";"))
        assert not finding.fix.endswith((".", ";"))


@pytest.mark.parametrize("state", FAULTY)
def test_no_finding_contains_a_secret(state: str) -> None:
    """Only the ends of the key id are shown, and neither secret nor token."""
    said = "".join(finding.sentence for _, finding in run_checks(FAULTY[state]))
    assert SECRET not in said
    assert TOKEN not in said
    assert "LTAI5tExampleKey" not in said


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("", "accepted"),
        ("QueueNotExist", "accepted"),
        ("FunctionNotFound", "accepted"),
        ("NoPermission", "accepted"),
        ("RoleNotExist", "accepted"),
        ("InvalidAccessKeyId", "rejected"),
        ("InvalidAccessKeyId.NotFound", "rejected"),
        ("InvalidAccessKeyID", "rejected"),
        ("SignatureDoesNotMatch", "rejected"),
        ("SignatureNotMatch", "rejected"),
        ("InvalidSecurityToken.Expired", "rejected"),
        ("InvalidSecurityToken.Malformed", "rejected"),
        ("MissingSecurityToken", "rejected"),
        ("InvalidTimeStamp.Expired", "rejected"),
        ("TimeExpired", "rejected"),
        ("NotReached", "unreachable"),
        ("NetWorkException", "unreachable"),
        ("NotConnected", "unreachable"),
        ("NameNotResolved", "unreachable"),
        ("TlsFailed", "unreachable"),
        ("ConnectionLost", "unreachable"),
        ("ReadTimeout", "unreachable"),
        ("RespDataDamaged", "foreign"),
        ("MalformedAnswer", "foreign"),
        ("Http502", "foreign"),
        ("AccessDenied", "unclear"),
        ("InternalError", "unclear"),
        ("InvalidAction.NotFound", "foreign"),
        ("MissingVersion", "foreign"),
        (UNTRUSTED, "untrusted"),
    ],
)
def test_service_status_follows_from_the_error_code(code: str, status: str) -> None:
    """A key counts as accepted only after a response that requires a valid key."""
    assert endpoints.service_status(code) == status


def test_unreachable_endpoint_is_wrong_and_its_checks_unknown() -> None:
    """One cause yields one fault; the checks of its resources neither guess nor call again."""
    cloud = FAULTY["unreachable"]
    assert marks(endpoints.endpoints, cloud) == ["wrong"] * 3
    assert marks(endpoints.credentials, cloud) == ["ok", *["unknown"] * 3]
    asked = (messaging.queues, messaging.topic, messaging.subscriptions, storage_gateway.buckets)
    behind = (*asked, function.function, triggers.role, triggers.trigger)
    found = [[(each.mark, "could not be called" in each.message) for each in check(cloud)] for check in behind]
    assert found == [[("unknown", True)]] * 7


def test_rejected_key_is_wrong_at_each_service() -> None:
    """The message contains the code of the service, and the fix names the part of the key."""
    cloud = FAULTY["rejected"]
    assert marks(endpoints.endpoints, cloud) == ["ok"] * 3
    _, *findings = endpoints.credentials(cloud)
    assert [finding.mark for finding in findings] == ["wrong"] * 3
    assert all("NotMatch" in finding.message and "access key secret" in finding.fix for finding in findings)


@pytest.mark.parametrize(("code", "word"), [("InvalidSecurityToken.Expired", "new"), ("TimeExpired", "clock")])
def test_each_rejection_has_its_own_fix(code: str, word: str) -> None:
    """An expired token, a wrong secret and a wrong clock are distinguished."""
    findings = list(endpoints.credentials(inspected(groups=response(code))))
    assert [word in finding.fix for finding in findings if finding.mark == "wrong"] == [True]


def test_temporary_key_without_token_is_wrong() -> None:
    """The id of the key shows it, before any call."""
    assert marks(endpoints.credentials, inspected(key_id="STS.NUSomething"))[0] == "wrong"
    assert marks(endpoints.credentials, inspected(key_id="STS.NUSomething", token=TOKEN))[0] == "ok"


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.section)
def test_service_missing_from_the_profile_is_unknown(service: Any) -> None:
    """The fix names the key to add."""
    cloud = inspected(profile=without(service.section, "endpoint"))
    unseen = [finding for finding in endpoints.endpoints(cloud) if finding.mark != "ok"]
    assert [(finding.mark, f"{service.section}.endpoint" in finding.fix) for finding in unseen] == [("unknown", True)]
    assert endpoints.unavailable(cloud, service) is not None
    assert [endpoints.unavailable(cloud, other) for other in SERVICES if other != service] == [None, None]


@pytest.mark.parametrize("role", messaging.QUEUES)
def test_missing_queue_is_named(role: str) -> None:
    """The message names the queue, and the fix its key in the profile."""
    found = list(messaging.queues(inspected(failing={NAMES[role]: "QueueNotExist"})))
    (missing,) = (finding for finding in found if finding.mark == "wrong")
    assert missing.message == f"Queue {NAMES[role]} does not exist"
    assert f"mns.{role}" in missing.fix
    assert len(found) == len(messaging.QUEUES)


def test_queue_reports_its_message_count() -> None:
    """An empty queue has no count."""
    said = [finding.message for finding in messaging.queues(inspected(counts={"dead": 3, "failures": 1}))]
    assert said[3:] == [
        "Queue failures exists with about 1 message",
        "Queue dead exists with about 3 messages",
    ]
    assert said[0] == "Queue requests exists"


def test_queue_without_permission_is_unknown() -> None:
    """A permission that the key lacks says nothing about the queue."""
    (unseen,) = (each for each in messaging.queues(inspected(failing={"dead": "AccessDenied"})) if each.mark != "ok")
    assert (unseen.mark, "mns:GetQueueAttributes" in unseen.fix) == ("unknown", True)


def test_missing_topic_is_wrong_and_subscriptions_unknown() -> None:
    """The fault is reported where its cause is."""
    cloud = inspected(failing={"outcomes": "TopicNotExist"})
    assert marks(messaging.topic, cloud) == ["wrong"]
    assert marks(messaging.subscriptions, cloud) == ["unknown"]


@pytest.mark.parametrize("missing", range(len(SUBSCRIPTIONS)))
def test_missing_subscription_is_wrong(missing: int) -> None:
    """Outcomes would get lost without notice."""
    left = SUBSCRIPTIONS[:missing] + SUBSCRIPTIONS[missing + 1 :]
    found = marks(messaging.subscriptions, inspected(subscriptions=left))
    assert [mark == "wrong" for mark in found] == [position == missing for position in range(4)]


@pytest.mark.parametrize("mns", [without("mns", "resultQueue")["mns"], {**PROFILE["mns"], "resultQueue": ""}])
def test_result_queue_is_optional(mns: dict[str, str]) -> None:
    """The template can leave it out; the other subscriptions are still checked."""
    cloud = inspected(profile={**PROFILE, "mns": mns}, subscriptions=SUBSCRIPTIONS[1:])
    assert marks(messaging.queues, cloud) == ["ok"] * 5
    assert marks(messaging.subscriptions, cloud) == ["ok"] * 3
    assert marks(messaging.subscriptions, inspected(profile={**PROFILE, "mns": mns}, subscriptions=())) == ["wrong"] * 3


@pytest.mark.parametrize(
    "other",
    [
        Subscription("failed", "failures", "", "SIMPLIFIED"),
        Subscription("failed", "results", "failed", "SIMPLIFIED"),
        Subscription("failed", "", "failed", "SIMPLIFIED"),
        Subscription("failed", "failures", "failed", "XML"),
    ],
    ids=["another tag", "another queue", "no queue", "another format"],
)
def test_subscription_with_other_content_is_wrong(other: Subscription) -> None:
    """Queue, filter tag and content format must all match."""
    found = marks(messaging.subscriptions, inspected(subscriptions=(*SUBSCRIPTIONS[:2], other, SUBSCRIPTIONS[3])))
    assert found == ["ok", "ok", "wrong", "ok"]


def test_names_missing_from_the_profile_are_unknown() -> None:
    """The fix names the keys to add."""
    cloud = inspected(
        profile=without("mns", "resultTopic", "failureQueue", "deadLetterQueue"), subscriptions=SUBSCRIPTIONS[:2]
    )
    assert marks(messaging.queues, cloud) == ["ok", "ok", "ok", "unknown", "unknown"]
    assert marks(messaging.topic, cloud) == ["unknown"]
    assert marks(messaging.subscriptions, cloud)[2:] == ["unknown", "unknown"]


@pytest.mark.parametrize(
    ("answer", "mark", "word"),
    [
        (response("", {"state": "Active"}), "ok", "exists"),
        (response("", {"state": "Inactive"}), "ok", "exists"),
        (response("", {"state": "Failed"}), "wrong", "Failed"),
        (response("FunctionNotFound"), "wrong", "does not exist"),
        (response("AccessDenied"), "unknown", "not permitted"),
        (response("InternalServerError"), "unknown", "InternalServerError"),
    ],
)
def test_function_finding_follows_from_the_response(answer: Response, mark: Mark, word: str) -> None:
    """The function exists, exists but cannot run, does not exist, or could not be looked up."""
    (finding,) = function.function(inspected(function_response=answer))
    assert finding.mark == mark
    assert word in finding.message


@pytest.mark.parametrize("variable", function.SETTINGS)
@pytest.mark.parametrize("value", ["elsewhere", None])
def test_function_with_other_names_is_wrong(variable: str, value: str | None) -> None:
    """A function that publishes to another topic looks healthy but belongs to another stack."""
    environment = {**SETTINGS, variable: value}
    if value is None:
        del environment[variable]
    found = list(function.function(inspected(function_response=response("", {"environmentVariables": environment}))))
    assert [finding.mark for finding in found] == ["ok", "wrong"]
    assert variable in found[1].message


def test_function_without_role_is_wrong() -> None:
    """Function Compute would give it no key."""
    (finding,) = triggers.role(inspected(function_response=response("", {"state": "Active"})))
    assert (finding.mark, finding.fix) == ("wrong", "deploy template.yml")


def test_role_is_named_with_the_way_to_test_it() -> None:
    """Only the creation of a group shows whether its permissions suffice."""
    named, untested = triggers.role(inspected())
    assert (named.mark, named.message) == ("ok", "The function has the role express-sync-function")
    assert (untested.mark, "express-sync submit FILE --wait" in untested.fix) == ("unknown", True)


@pytest.mark.parametrize(
    ("configured", "mark", "word"),
    [
        ([queue_trigger("requests")], "ok", "Trigger requests delivers"),
        ([queue_trigger("other"), queue_trigger("requests", name="mine")], "ok", "Trigger mine delivers"),
        (
            [queue_trigger("requests", name="off", triggerEnable=False), queue_trigger("requests")],
            "ok",
            "Trigger requests",
        ),
        ([queue_trigger("requests", triggerEnable=False)], "wrong", "is disabled"),
        ([timer("deadLetters"), timer("requests")], "ok", "Trigger requests delivers"),
        ([timer("requests", enable=False), queue_trigger("requests", name="mine")], "ok", "Trigger mine delivers"),
        ([timer("requests", enable=False)], "wrong", "is disabled"),
        ([timer("deadLetters")], "wrong", "No trigger"),
        ([{"triggerName": "odd", "triggerConfig": '{"payload": "{"}'}], "wrong", "No trigger"),
        ([queue_trigger("other")], "wrong", "No trigger delivers requests from requests"),
        ([{"triggerName": "sweep", "triggerConfig": '{"cronExpression": "@every 5m"}'}], "wrong", "No trigger"),
        ([{"triggerName": "odd", "triggerConfig": "{"}, {"triggerConfig": "[]"}, {}, "x"], "wrong", "No trigger"),
        ([{"triggerName": "odd", "triggerConfig": "[" * 100_000}], "wrong", "No trigger"),
        (None, "wrong", "No trigger"),
    ],
)
def test_function_needs_an_enabled_trigger_for_requests(configured: object, mark: Mark, word: str) -> None:
    """Without one, requests stay in the queue although everything else looks healthy."""
    (finding,) = triggers.trigger(inspected(triggers=response("", {"triggers": configured})))
    assert (finding.mark, word in finding.message) == (mark, True)


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("FunctionNotFound", "deploy the function"),
        ("AccessDenied", "to the key"),
        ("PathNotSupported", "console"),
        ("InternalServerError", "console"),
    ],
)
def test_role_and_trigger_are_unknown_after_an_error(code: str, word: str) -> None:
    """A permission that the key lacks says nothing about the function."""
    (of_role,) = triggers.role(inspected(function_response=response(code)))
    (of_trigger,) = triggers.trigger(inspected(triggers=response(code)))
    assert (of_role.mark, of_trigger.mark) == ("unknown", "unknown")
    assert word in of_trigger.fix


@pytest.mark.parametrize(
    ("code", "mark", "word"),
    [
        ("NoPermission", "wrong", "hcs-sgw:DescribeExpressSyncs"),
        ("Forbidden.RAM", "wrong", "hcs-sgw:DescribeExpressSyncs"),
        ("RoleNotExist", "wrong", "AliyunServiceRoleForHCSSGW"),
        ("AssumeRoleFail", "wrong", "AliyunServiceRoleForHCSSGW"),
        ("Throttling.User", "unknown", "again"),
        ("ServiceUnavailable", "unknown", "again"),
    ],
)
def test_each_permission_error_has_its_fix(code: str, mark: Mark, word: str) -> None:
    """A missing permission and a missing role are wrong; a transient error leaves it unknown."""
    (finding,) = storage_gateway.permissions(inspected(groups=response(code)))
    assert (finding.mark, code in finding.message) == (mark, True)
    assert word in finding.fix


@pytest.mark.parametrize("code", ["InvalidApi.NotFound", "InvalidAction.NotFound"])
def test_missing_bucket_operation_is_not_a_fault(code: str) -> None:
    """The list of buckets is being retired; the other checks do not depend on it."""
    cloud = inspected(buckets=response(code))
    (finding,) = storage_gateway.buckets(cloud)
    assert (finding.mark, "not available here" in finding.message) == ("unknown", True)
    assert "wrong" not in {each.mark for _, each in run_checks(cloud)}


def test_only_the_first_buckets_are_named() -> None:
    """Each once and sorted, so that the line stays short."""
    infos = [{"BucketName": f"bucket-{number % 7}"} for number in range(20)]
    (finding,) = storage_gateway.buckets(inspected(buckets=response("", {"BucketInfos": {"BucketInfo": infos}})))
    assert finding.message == "7 buckets can be used: bucket-0, bucket-1, bucket-2, bucket-3, bucket-4, …"


@pytest.mark.parametrize("document", [{}, {"BucketInfos": None}, {"BucketInfos": {"BucketInfo": []}}])
def test_missing_bucket_share_is_wrong(document: dict[str, Any]) -> None:
    """No request can succeed without one, and the fix says how to create one."""
    (finding,) = storage_gateway.buckets(inspected(buckets=response("", document)))
    assert (finding.mark, "file share" in finding.fix) == ("wrong", True)


def test_each_service_has_the_code_of_its_own_response() -> None:
    cloud = inspected(failing={"requests": "QueueNotExist"}, groups=response("A"), function_response=response("B"))
    assert [cloud.code(service) for service in (SMQ, GATEWAY, FUNCTIONS)] == ["QueueNotExist", "A", "B"]
