"""What the checks of `doctor` say of a cloud's answers: what is wrong, what cannot be seen, and what to do."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import pytest

from express_sync.ops.acs import Answer
from express_sync.ops.doctor import endpoints, function, messaging, storage_gateway, triggers
from express_sync.ops.doctor.checks import CHECKS, examine
from express_sync.ops.doctor.cloud import FUNCTIONS, GATEWAY, SERVICES, SMQ, Patient
from express_sync.ops.doctor.finding import Finding, Mark
from express_sync.ops.doctor.smq_inventory import Records, Subscription
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
}
PROFILE = {
    "mns": {"endpoint": "http://smq.example", **NAMES},
    "sgw": {"endpoint": "http://sgw.example"},
    "fc": {"endpoint": "http://fc.example", "function": "provision"},
}
SECRET, TOKEN = "planted-secret", "planted-token"
SUBSCRIBED = (
    Subscription("results", "results", "", "SIMPLIFIED"),
    Subscription("failed", "failures", "failed", "SIMPLIFIED"),
    Subscription("indeterminate", "failures", "indeterminate", "SIMPLIFIED"),
)
GROUPS: dict[str, Any] = {"ExpressSyncs": {"ExpressSync": [{}, {}]}}
BUCKETS = {"BucketInfos": {"BucketInfo": [{"BucketName": "one"}, {"BucketName": "two"}]}}
ROLE = "acs:ram::1:role/express-sync-function"
SETTINGS = {variable: NAMES[key] for variable, key in function.SETTINGS.items()}

Check = Callable[[Patient], Iterator[Finding]]


class Recorded:
    """Records as a test has them; a name in `failing` is answered with its code."""

    def __init__(
        self, failing: Mapping[str, str], subscriptions: tuple[Subscription, ...], counts: Mapping[str, int]
    ) -> None:
        self._failing, self._subscriptions, self._counts = failing, subscriptions, counts

    def messages_in(self, queue: str) -> int:
        self._look(queue)
        return self._counts.get(queue, 0)

    def see_topic(self, topic: str) -> None:
        self._look(topic)

    def subscriptions(self, topic: str) -> tuple[Subscription, ...]:
        self._look(topic)
        return self._subscriptions

    def _look(self, name: str) -> None:
        if name in self._failing:
            raise SmqError(self._failing[name], transient=False)


def from_queue(queue: str, *, name: str = "requests", **config: Any) -> dict[str, Any]:
    """A trigger of a queue, as ListTriggers has it."""
    source = {"eventSourceParameters": {"sourceMNSParameters": {"QueueName": queue}}}
    return {"triggerName": name, "triggerConfig": json.dumps({"eventSourceConfig": source, **config})}


def timer(drained: str, *, enable: object = True) -> dict[str, Any]:
    """A timer that has the function drain a queue, as ListTriggers has it."""
    payload = json.dumps({"control": {"drain": drained}})
    config = {"cronExpression": "@every 1m", "enable": enable, "payload": payload}
    return {"triggerName": drained, "triggerConfig": json.dumps(config)}


def answered(code: str, document: Mapping[str, Any] | None = None) -> Answer:
    return Answer(400 if code else 200, code, document or {})


def patient(
    *,
    profile: Mapping[str, Any] = PROFILE,
    key_id: str = "LTAI5tSomebodysKey",
    token: str = "",
    failing: Mapping[str, str] | None = None,
    subscriptions: tuple[Subscription, ...] = SUBSCRIBED,
    counts: Mapping[str, int] | None = None,
    groups: Answer | None = None,
    buckets: Answer | None = None,
    described: Answer | None = None,
    triggers: Answer | None = None,
) -> Patient:
    """A cloud in which all is well but for what is said otherwise; nothing is asked over a network."""
    one = Patient(profile, Found(Credentials(key_id, SECRET, token), "the profile"))
    vars(one).update(
        records=cast(Records, Recorded(failing or {}, subscriptions, counts or {})),
        groups=groups or answered("", GROUPS),
        buckets=buckets or answered("", BUCKETS),
        function=described or answered("", {"state": "Active", "environmentVariables": SETTINGS, "role": ROLE}),
        triggers=triggers or answered("", {"triggers": [from_queue("requests")]}),
    )
    return one


def without(section: str, *keys: str) -> dict[str, Any]:
    """The profile without keys of a section, or without the section."""
    rest = {name: dict(fields) for name, fields in PROFILE.items()}
    for key in keys or tuple(rest[section]):
        del rest[section][key]
    return rest


def marks(check: Check, one: Patient) -> list[Mark]:
    return [finding.mark for finding in check(one)]


def test_where_all_is_well_every_finding_is_ok_but_for_what_nobody_can_see() -> None:
    """Each check says something, and nothing to be done; what the roles may do shows only when a group is made."""
    found = list(examine(patient()))
    assert {name for name, _ in found} == set(CHECKS)
    assert [name for name, finding in found if finding.mark == "unknown"] == ["role"]
    assert {finding.mark for _, finding in found} == {"ok", "unknown"}
    assert not any(finding.cure for _, finding in found if finding.mark == "ok")


SICK: dict[str, Patient] = {
    "unreached": patient(
        failing=dict.fromkeys(NAMES.values(), "NotConnected"),
        groups=answered("NotReached"),
        described=answered("NotReached"),
    ),
    "strange": patient(
        failing=dict.fromkeys(NAMES.values(), "RespDataDamaged"),
        groups=answered("Http502"),
        described=answered("Http404"),
    ),
    "refused": patient(
        failing=dict.fromkeys(NAMES.values(), "SignatureDoesNotMatch"),
        groups=answered("SignatureDoesNotMatch"),
        described=answered("SignatureNotMatch"),
    ),
    "absent": patient(
        failing={**dict.fromkeys(NAMES.values(), "QueueNotExist"), "outcomes": "TopicNotExist"},
        groups=answered("RoleNotExist"),
        buckets=answered("RoleNotExist"),
        described=answered("FunctionNotFound"),
        triggers=answered("FunctionNotFound"),
    ),
    "denied": patient(
        failing=dict.fromkeys(NAMES.values(), "AccessDenied"),
        groups=answered("NoPermission"),
        buckets=answered("NoPermission"),
        described=answered("AccessDenied"),
        triggers=answered("AccessDenied"),
    ),
    "unsure": patient(
        failing=dict.fromkeys(NAMES.values(), "InternalError"),
        groups=answered("InternalError"),
        buckets=answered("InternalError"),
        described=answered("InternalServerError"),
        triggers=answered("InternalServerError"),
    ),
    "roleless": patient(described=answered("", {"role": ""})),
    "anonymous": patient(profile={"mns": {}, "sgw": {}, "fc": {}}),
    "unsubscribed": patient(subscriptions=()),
    "temporary": patient(key_id="STS.NUSomething", token=""),
}


@pytest.mark.parametrize("state", SICK)
def test_whatever_is_not_well_comes_with_a_cure_in_one_sentence(state: str) -> None:
    """Nobody is left with a mere complaint, and no finding breaks its own form."""
    ill = [finding for _, finding in examine(SICK[state]) if finding.mark != "ok"]
    assert ill
    for finding in ill:
        assert finding.cure
        assert finding.sentence == f"{finding.says}; {finding.cure}."
        assert not finding.says.endswith((".", ";"))
        assert not finding.cure.endswith((".", ";"))


@pytest.mark.parametrize("state", SICK)
def test_no_finding_holds_a_secret(state: str) -> None:
    """Neither secret nor token, and of the key's id only its ends."""
    said = "".join(finding.sentence for _, finding in examine(SICK[state]))
    assert SECRET not in said
    assert TOKEN not in said
    assert "LTAI5tSomebodysKey" not in said


@pytest.mark.parametrize(
    ("code", "standing"),
    [
        ("", "accepted"),
        ("QueueNotExist", "accepted"),
        ("FunctionNotFound", "accepted"),
        ("NoPermission", "accepted"),
        ("RoleNotExist", "accepted"),
        ("InvalidAccessKeyId", "refused"),
        ("InvalidAccessKeyId.NotFound", "refused"),
        ("InvalidAccessKeyID", "refused"),
        ("SignatureDoesNotMatch", "refused"),
        ("SignatureNotMatch", "refused"),
        ("InvalidSecurityToken.Expired", "refused"),
        ("InvalidSecurityToken.Malformed", "refused"),
        ("MissingSecurityToken", "refused"),
        ("InvalidTimeStamp.Expired", "refused"),
        ("TimeExpired", "refused"),
        ("NotReached", "unreached"),
        ("NetWorkException", "unreached"),
        ("NotConnected", "unreached"),
        ("NameNotResolved", "unreached"),
        ("TlsFailed", "unreached"),
        ("ConnectionLost", "unreached"),
        ("ReadTimeout", "unreached"),
        ("RespDataDamaged", "strange"),
        ("MalformedAnswer", "strange"),
        ("Http502", "strange"),
        ("AccessDenied", "unclear"),
        ("InternalError", "unclear"),
        ("InvalidAction.NotFound", "strange"),
        ("MissingVersion", "strange"),
        (UNTRUSTED, "untrusted"),
    ],
)
def test_a_code_tells_how_one_stands_with_a_service(code: str, standing: str) -> None:
    """A key is called accepted only by an answer that nobody without one gets."""
    assert endpoints.standing(code) == standing


def test_an_endpoint_without_an_answer_is_wrong_once_and_what_is_behind_it_unknown() -> None:
    """One cause is one red line; the checks behind it neither guess nor ask again."""
    one = SICK["unreached"]
    assert marks(endpoints.endpoints, one) == ["wrong"] * 3
    assert marks(endpoints.credentials, one) == ["ok", *["unknown"] * 3]
    asked = (messaging.queues, messaging.topic, messaging.subscriptions, storage_gateway.buckets)
    behind = (*asked, function.function, triggers.role, triggers.trigger)
    assert [marks(check, one) for check in behind] == [["unknown"]] * 7


def test_a_key_that_is_refused_is_wrong_at_each_service_and_the_endpoints_are_well() -> None:
    """The sentence names the service's code and the part of the key to look at."""
    one = SICK["refused"]
    assert marks(endpoints.endpoints, one) == ["ok"] * 3
    _, *judged = endpoints.credentials(one)
    assert [finding.mark for finding in judged] == ["wrong"] * 3
    assert all("NotMatch" in finding.says and "access key secret" in finding.cure for finding in judged)


@pytest.mark.parametrize(("code", "cure"), [("InvalidSecurityToken.Expired", "new"), ("TimeExpired", "clock")])
def test_each_refusal_has_its_own_cure(code: str, cure: str) -> None:
    """An expired token is no wrong secret, and a wrong clock is neither."""
    judged = list(endpoints.credentials(patient(groups=answered(code))))
    assert [cure in finding.cure for finding in judged if finding.mark == "wrong"] == [True]


def test_a_temporary_key_without_its_token_is_wrong_before_anybody_is_asked() -> None:
    """It can be seen in the key itself."""
    assert marks(endpoints.credentials, patient(key_id="STS.NUSomething"))[0] == "wrong"
    assert marks(endpoints.credentials, patient(key_id="STS.NUSomething", token=TOKEN))[0] == "ok"


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.section)
def test_a_service_that_the_profile_leaves_out_is_unknown_not_wrong(service: Any) -> None:
    """It is said which key to add."""
    one = patient(profile=without(service.section, "endpoint"))
    unseen = [finding for finding in endpoints.endpoints(one) if finding.mark != "ok"]
    assert [(finding.mark, f"{service.section}.endpoint" in finding.cure) for finding in unseen] == [("unknown", True)]
    assert endpoints.closed(one, service) is not None
    assert [endpoints.closed(one, other) for other in SERVICES if other != service] == [None, None]


@pytest.mark.parametrize("role", messaging.QUEUES)
def test_each_queue_that_is_missing_is_named_alone(role: str) -> None:
    """With its name and with the key of the profile that gives it."""
    found = list(messaging.queues(patient(failing={NAMES[role]: "QueueNotExist"})))
    (missing,) = (finding for finding in found if finding.mark == "wrong")
    assert missing.says == f"Queue {NAMES[role]} does not exist"
    assert f"mns.{role}" in missing.cure
    assert len(found) == len(messaging.QUEUES)


def test_a_queue_says_about_how_much_lies_in_it() -> None:
    """Dead letters are seen at a glance; an empty queue makes no words."""
    said = [finding.says for finding in messaging.queues(patient(counts={"dead": 3, "failures": 1}))]
    assert said[2:] == [
        "Queue failures is there with about 1 message",
        "Queue dead is there with about 3 messages",
    ]
    assert said[0] == "Queue requests is there"


def test_a_queue_that_may_not_be_looked_at_is_unknown_with_the_right_to_grant() -> None:
    """A right that the asking key lacks does not make the queue wrong."""
    (unseen,) = (each for each in messaging.queues(patient(failing={"dead": "AccessDenied"})) if each.mark != "ok")
    assert (unseen.mark, "mns:GetQueueAttributes" in unseen.cure) == ("unknown", True)


def test_a_missing_topic_is_wrong_once_and_its_subscriptions_are_unknown() -> None:
    """The cause is named where it is."""
    one = patient(failing={"outcomes": "TopicNotExist"})
    assert marks(messaging.topic, one) == ["wrong"]
    assert marks(messaging.subscriptions, one) == ["unknown"]


@pytest.mark.parametrize("missing", range(3))
def test_each_missing_subscription_is_wrong(missing: int) -> None:
    """Without it outcomes go nowhere, and nobody would notice."""
    left = SUBSCRIBED[:missing] + SUBSCRIBED[missing + 1 :]
    found = marks(messaging.subscriptions, patient(subscriptions=left))
    assert [mark == "wrong" for mark in found] == [position == missing for position in range(3)]


@pytest.mark.parametrize("mns", [without("mns", "resultQueue")["mns"], {**PROFILE["mns"], "resultQueue": ""}])
def test_a_cloud_without_a_result_queue_is_well(mns: dict[str, str]) -> None:
    """It is a choice of the template, so nothing is to be done; the other outcomes are still looked for."""
    one = patient(profile={**PROFILE, "mns": mns}, subscriptions=SUBSCRIBED[1:])
    assert marks(messaging.queues, one) == ["ok"] * 4
    assert marks(messaging.subscriptions, one) == ["ok", "ok"]
    assert marks(messaging.subscriptions, patient(profile={**PROFILE, "mns": mns}, subscriptions=())) == ["wrong"] * 2


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
def test_a_subscription_that_brings_something_else_is_wrong(other: Subscription) -> None:
    """Queue, filter tag and content format are all part of it."""
    found = marks(messaging.subscriptions, patient(subscriptions=(SUBSCRIBED[0], other, SUBSCRIBED[2])))
    assert found == ["ok", "wrong", "ok"]


def test_queues_and_topic_that_the_profile_does_not_name_are_unknown() -> None:
    """A profile may leave them out; it is said what to add."""
    one = patient(
        profile=without("mns", "resultTopic", "failureQueue", "deadLetterQueue"), subscriptions=SUBSCRIBED[:1]
    )
    assert marks(messaging.queues, one) == ["ok", "ok", "unknown", "unknown"]
    assert marks(messaging.topic, one) == ["unknown"]
    assert marks(messaging.subscriptions, one)[1:] == ["unknown", "unknown"]


@pytest.mark.parametrize(
    ("answer", "mark", "word"),
    [
        (answered("", {"state": "Active"}), "ok", "is there"),
        (answered("", {"state": "Inactive"}), "ok", "is there"),
        (answered("", {"state": "Failed"}), "wrong", "Failed"),
        (answered("FunctionNotFound"), "wrong", "does not exist"),
        (answered("AccessDenied"), "unknown", "may not"),
        (answered("InternalServerError"), "unknown", "InternalServerError"),
    ],
)
def test_the_function_is_judged_by_what_is_told_of_it(answer: Answer, mark: Mark, word: str) -> None:
    """It is there, it is there and cannot run, it is not there, or that cannot be seen."""
    (finding,) = function.function(patient(described=answer))
    assert finding.mark == mark
    assert word in finding.says


@pytest.mark.parametrize("variable", function.SETTINGS)
@pytest.mark.parametrize("value", ["elsewhere", None])
def test_a_function_that_works_elsewhere_than_the_profile_says_is_wrong(variable: str, value: str | None) -> None:
    """A function that announces to another topic looks healthy and is not this stack's."""
    environment = {**SETTINGS, variable: value}
    if value is None:
        del environment[variable]
    found = list(function.function(patient(described=answered("", {"environmentVariables": environment}))))
    assert [finding.mark for finding in found] == ["ok", "wrong"]
    assert variable in found[1].says


def test_a_function_without_a_role_is_wrong() -> None:
    """It would be given no key, and could do nothing."""
    (finding,) = triggers.role(patient(described=answered("", {"state": "Active"})))
    assert (finding.mark, finding.cure) == ("wrong", "deploy template.yml")


def test_the_role_is_named_and_it_is_said_what_shows_whether_it_suffices() -> None:
    """Nothing but a group that is made can show it."""
    named, open_question = triggers.role(patient())
    assert (named.mark, named.says) == ("ok", "The function acts with the role express-sync-function")
    assert (open_question.mark, "express-sync submit FILE --wait" in open_question.cure) == ("unknown", True)


@pytest.mark.parametrize(
    ("configured", "mark", "word"),
    [
        ([from_queue("requests")], "ok", "Trigger requests brings"),
        ([from_queue("other"), from_queue("requests", name="mine")], "ok", "Trigger mine brings"),
        ([from_queue("requests", name="off", triggerEnable=False), from_queue("requests")], "ok", "Trigger requests"),
        ([from_queue("requests", triggerEnable=False)], "wrong", "is switched off"),
        ([timer("deadLetters"), timer("requests")], "ok", "Trigger requests brings"),
        ([timer("requests", enable=False), from_queue("requests", name="mine")], "ok", "Trigger mine brings"),
        ([timer("requests", enable=False)], "wrong", "is switched off"),
        ([timer("deadLetters")], "wrong", "No trigger"),
        ([{"triggerName": "odd", "triggerConfig": '{"payload": "{"}'}], "wrong", "No trigger"),
        ([from_queue("other")], "wrong", "No trigger brings requests from requests"),
        ([{"triggerName": "sweep", "triggerConfig": '{"cronExpression": "@every 5m"}'}], "wrong", "No trigger"),
        ([{"triggerName": "odd", "triggerConfig": "{"}, {"triggerConfig": "[]"}, {}, "x"], "wrong", "No trigger"),
        (None, "wrong", "No trigger"),
    ],
)
def test_the_function_needs_a_trigger_that_brings_it_requests_or_has_it_fetch_them(
    configured: object, mark: Mark, word: str
) -> None:
    """Else requests lie in their queue for ever, and everything looks healthy."""
    (finding,) = triggers.trigger(patient(triggers=answered("", {"triggers": configured})))
    assert (finding.mark, word in finding.says) == (mark, True)


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("FunctionNotFound", "function first"),
        ("AccessDenied", "grant the key"),
        ("PathNotSupported", "console"),
        ("InternalServerError", "console"),
    ],
)
def test_a_role_and_a_trigger_that_cannot_be_seen_are_unknown_with_what_would_show_them(code: str, word: str) -> None:
    """A right that the asking key lacks says nothing about the function."""
    (of_role,) = triggers.role(patient(described=answered(code)))
    (of_trigger,) = triggers.trigger(patient(triggers=answered(code)))
    assert (of_role.mark, of_trigger.mark) == ("unknown", "unknown")
    assert word in of_trigger.cure


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
def test_what_the_api_says_of_permissions_has_its_cure(code: str, mark: Mark, word: str) -> None:
    """A lacking right and a lacking role are wrong; a passing fault leaves it open."""
    (finding,) = storage_gateway.permissions(patient(groups=answered(code)))
    assert (finding.mark, code in finding.says) == (mark, True)
    assert word in finding.cure


@pytest.mark.parametrize("code", ["InvalidApi.NotFound", "InvalidAction.NotFound"])
def test_an_operation_that_is_not_offered_is_no_fault(code: str) -> None:
    """The list of buckets is being retired; where it is gone, all else is still judged."""
    one = patient(buckets=answered(code))
    (finding,) = storage_gateway.buckets(one)
    assert (finding.mark, "not available here" in finding.says) == ("unknown", True)
    assert "wrong" not in {each.mark for _, each in examine(one)}


def test_buckets_are_named_up_to_a_handful() -> None:
    """Once each, sorted, and no endless line."""
    infos = [{"BucketName": f"bucket-{number % 7}"} for number in range(20)]
    (finding,) = storage_gateway.buckets(patient(buckets=answered("", {"BucketInfos": {"BucketInfo": infos}})))
    assert finding.says == "7 buckets can be used: bucket-0, bucket-1, bucket-2, bucket-3, bucket-4, …"


@pytest.mark.parametrize("document", [{}, {"BucketInfos": None}, {"BucketInfos": {"BucketInfo": []}}])
def test_without_a_bucket_that_has_a_share_no_request_can_succeed(document: dict[str, Any]) -> None:
    """That is wrong, and it is said how to make a share."""
    (finding,) = storage_gateway.buckets(patient(buckets=answered("", document)))
    assert (finding.mark, "file share" in finding.cure) == ("wrong", True)


def test_every_service_is_asked_for_what_it_is() -> None:
    """The first answer of each service is that service's own."""
    one = patient(failing={"requests": "QueueNotExist"}, groups=answered("A"), described=answered("B"))
    assert [one.code(service) for service in (SMQ, GATEWAY, FUNCTIONS)] == ["QueueNotExist", "A", "B"]
