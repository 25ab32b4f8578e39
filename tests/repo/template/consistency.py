"""What in the template must agree with what else: times, sizes, names, nets, and the settings of the function.

Every rule says in a sentence what it found wrong. It looks at what the template deploys, not at how that is written.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.retry_strategy import waits
from express_sync.local.template.deployment import Deployment, Queue, deployment_of
from express_sync.local.template.parser import TemplateError
from express_sync.local.template.resolver import Stack
from express_sync.ops.replay.failures import STATUSES
from handler import config
from handler.control import DrainCommand, parse
from handler.model import MAX_MESSAGE_BYTES as MOST_BYTES
from handler.provisioning.retry import Deadlines
from handler.smq.senders import MAX_CALL_SECONDS
from tests.repo.template.passed_settings import different_limits

LONGEST_TRIGGERED_CALL_SECONDS = 300  # synchronous and asynchronous, FC's "Advanced trigger features"
LONGEST_TAG = 16
OUTAGE_SECONDS = 6 * 3600  # an outage that requests outlast by themselves
CHOICES: tuple[Mapping[str, str], ...] = (
    {},
    {"Intake": "pull", "CreateResultQueue": "false"},
    {"RequestRetentionSeconds": "7200"},
)


@dataclass(frozen=True)
class Deployed:
    """One template with its parameters set: what it deploys, with which settings, on how many CPUs."""

    deployment: Deployment
    settings: config.Settings
    cpu: float

    @property
    def queues(self) -> dict[str, Queue]:
        """The queues by name."""
        return {queue.name: queue for queue in self.deployment.queues}

    @property
    def timeout(self) -> int:
        """Of the function, in seconds."""
        return self.deployment.function.timeout


def contradictions(document: Mapping[str, Any]) -> list[str]:
    """What does not agree in a template, with each of the choices that change its shape."""
    found = [sentence for choice in CHOICES for sentence in _contradictions(document, choice)]
    return list(dict.fromkeys([*different_limits(document), *found]))


def _contradictions(document: Mapping[str, Any], choice: Mapping[str, str]) -> Iterator[str]:
    try:
        stack = Stack(document, LOCAL_ACCOUNT, choice)
        deployment = deployment_of(stack)
        settings = config.settings(deployment.function.environment)
    except (TemplateError, config.ConfigurationError) as error:
        yield str(error)
        return
    [function] = stack.resources("ALIYUN::FC3::Function")
    deployed = Deployed(deployment, settings, float(stack.properties(function)["Cpu"]))
    for rule in RULES:
        yield from rule(deployed)


def the_function_ends_in_time(it: Deployed) -> Iterator[str]:
    """Within what a trigger waits for; and all attempts, looks and publications fit into it."""
    s, deadlines = it.settings, Deadlines.of(0, it.timeout, it.settings.look_reserve_seconds, 0)
    if it.timeout > LONGEST_TRIGGERED_CALL_SECONDS:
        yield f"the timeout is {it.timeout} seconds; a trigger waits {LONGEST_TRIGGERED_CALL_SECONDS} at most"
    pauses = sum(min(s.backoff_cap_seconds, s.backoff_base_seconds * 2**n) for n in range(s.max_attempts - 1))
    creating = s.max_attempts * s.api_timeout_seconds + pauses
    room = deadlines.create - s.publish_reserve_seconds
    if creating > room:
        yield f"creating takes up to {creating:g} seconds, and the timeout leaves {room:g}"
    if s.late_pause_seconds + s.api_timeout_seconds > s.look_reserve_seconds:
        yield "the reserve for looking is shorter than the pause and one look"
    if s.publish_reserve_seconds <= MAX_CALL_SECONDS:
        yield "the reserve for publishing is shorter than one call"


def a_message_is_hidden_while_it_is_worked(it: Deployed) -> Iterator[str]:
    """For all pushes and the waits between them, at their longest; and in a drain for its invocation."""
    for trigger in it.deployment.triggers:
        pauses = list(waits(trigger.retry_strategy, lambda _low, high: high))
        working = (len(pauses) + 1) * it.timeout + sum(pauses)
        hidden = it.queues[trigger.queue].visibility_timeout
        if hidden <= working:
            yield f"{trigger.queue} hides a message for {hidden} seconds, and pushing takes up to {working:g}"
    for name in (it.settings.request_queue, it.settings.dead_letter_queue):
        if it.queues[name].visibility_timeout <= it.timeout:
            yield f"{name} hides a message for less than the function may take"


def a_batch_is_worked_in_one_round(it: Deployed) -> Iterator[str]:
    """All its messages at once, so that the time of one is the time of all."""
    for trigger in it.deployment.triggers:
        if trigger.batch_count > it.settings.concurrency:
            yield f"a batch of {trigger.batch_count} is more than the {it.settings.concurrency} worked at once"
        if not 0 <= trigger.batch_seconds <= 15:
            yield f"the batch window of {trigger.batch_seconds} seconds is not within 0 to 15"


def nothing_is_lost_without_a_word(it: Deployed) -> Iterator[str]:
    """A net under every way to the function, and a sweep that empties it."""
    if any(trigger.errors_tolerance != "ALL" for trigger in it.deployment.triggers):
        yield "the trigger stands still at the first batch that fails for good"
    policy = it.queues[it.settings.request_queue].dead_letters
    nets = [
        ("requests that are received too often", policy.target_queue if policy else ""),
        ("asynchronous calls that fail for good", it.deployment.async_policy.failure_queue),
        *(("batches that the trigger gives up", trigger.dead_letter_queue) for trigger in it.deployment.triggers),
    ]
    for what, queue in nets:
        if queue != it.settings.dead_letter_queue:
            yield f"{what} are not among the dead letters that are swept"
    if not any(timer.enabled and _drains(timer.payload) == "deadLetters" for timer in it.deployment.timers):
        yield "nothing sweeps the dead letters"


def requests_are_worked_once(it: Deployed) -> Iterator[str]:
    """Pushed or pulled; neither would be silence, and both work that is for nothing."""
    pulled = [timer for timer in it.deployment.timers if _drains(timer.payload) == "requests"]
    pushed = [trigger for trigger in it.deployment.triggers if trigger.queue == it.settings.request_queue]
    if len(pulled) + len(pushed) != 1:
        yield f"requests reach the function in {len(pulled) + len(pushed)} ways instead of one"


def timers_give_orders(it: Deployed) -> Iterator[str]:
    """That the function understands; sweeps do not overlap."""
    for timer in it.deployment.timers:
        if not _drains(timer.payload):
            yield f"the function does not understand the order of the timer {timer.name}"
        if _drains(timer.payload) == "deadLetters" and timer.every_seconds <= it.timeout:
            yield f"the timer {timer.name} is due again before its last invocation has ended"


def names_lead_somewhere(it: Deployed) -> Iterator[str]:
    """Settings and subscriptions name queues and topics that are deployed."""
    s, there = it.settings, {*it.queues, *(topic.name for topic in it.deployment.topics)}
    for name in (s.request_queue, s.dead_letter_queue, s.result_topic):
        if name not in there:
            yield f"the settings name {name}, which is not deployed"
    for each in it.deployment.subscriptions:
        if not {each.topic, each.queue} <= there:
            yield f"the subscription {each.name} leads from or to what is not deployed"


def events_reach_who_waits_for_them(it: Deployed) -> Iterator[str]:
    """As they are, under tags that are published; and the failure queue gets what may be replayed."""
    for each in it.deployment.subscriptions:
        if len(each.filter_tag) > LONGEST_TAG or each.filter_tag not in {"", *STATUSES}:
            yield f"the subscription {each.name} has the tag {each.filter_tag}, which no event bears"
        if each.notify_content_format != "SIMPLIFIED":
            yield f"the subscription {each.name} wraps the events, which nobody unwraps"
    tags = {each.filter_tag for each in it.deployment.subscriptions if each.queue.endswith("-failures")}
    if tags != set(STATUSES):
        yield f"the failure queue gets {sorted(tags)} and should get {sorted(STATUSES)}"


def whatever_may_be_said_fits(it: Deployed) -> Iterator[str]:
    """Into every queue and topic."""
    sizes = {queue.name: queue.maximum_message_size for queue in it.deployment.queues}
    sizes |= {topic.name: topic.maximum_message_size for topic in it.deployment.topics}
    for name, size in sizes.items():
        if size != MOST_BYTES:
            yield f"{name} takes messages of {size} bytes instead of {MOST_BYTES}"


def a_deferred_request_is_kept_until_it_is_received(it: Deployed) -> Iterator[str]:
    """For as long again as it was delayed; and the function knows how long the queue keeps it."""
    s, kept = it.settings, it.queues[it.settings.request_queue].message_retention_period
    if s.request_retention_seconds != kept:
        yield f"the function is told a retention of {s.request_retention_seconds} seconds, and the queue has {kept}"
    if s.defer_cap_seconds > kept / 2:
        yield f"a deferral lasts up to {s.defer_cap_seconds:g} seconds, more than half of the {kept} a message is kept"


def deferrals_outlast_an_outage(it: Deployed) -> Iterator[str]:
    """Even if chance makes every wait as short as it may be, which is half of its ceiling."""
    s = it.settings
    least = sum(min(s.defer_cap_seconds, s.defer_base_seconds * 2**n) / 2 for n in range(s.max_deferrals))
    if least < OUTAGE_SECONDS:
        yield f"deferrals may end after {least:g} seconds, before an outage of {OUTAGE_SECONDS}"


def the_machine_is_one_that_is_let(it: Deployed) -> Iterator[str]:
    """One to four GB for each CPU, in the reference of FC's CreateFunction."""
    ratio = it.deployment.function.memory / 1024 / it.cpu
    if not 1 <= ratio <= 4:
        yield f"{ratio:g} GB for each CPU are not within 1 to 4"


def _drains(payload: str) -> str:
    """Return the queue that the command in a timer's payload drains, empty for anything else."""
    command = parse({"triggerTime": "2026-11-23T08:00:00Z", "triggerName": "timer", "payload": payload})
    return command.queue if isinstance(command, DrainCommand) else ""


RULES: tuple[Callable[[Deployed], Iterator[str]], ...] = (
    names_lead_somewhere,
    events_reach_who_waits_for_them,
    the_function_ends_in_time,
    a_message_is_hidden_while_it_is_worked,
    a_batch_is_worked_in_one_round,
    nothing_is_lost_without_a_word,
    requests_are_worked_once,
    timers_give_orders,
    whatever_may_be_said_fits,
    a_deferred_request_is_kept_until_it_is_received,
    deferrals_outlast_an_outage,
    the_machine_is_one_that_is_let,
)
