"""Rules for values of the template that must agree: times, sizes, names, dead letters, settings of the function.

Each rule yields a sentence for each contradiction. The rules check what the template deploys, not its text.
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
from handler.model import MAX_MESSAGE_BYTES
from handler.provisioning.retry import Deadlines
from handler.smq.senders import MAX_CALL_SECONDS
from tests.repo.template.passed_settings import different_limits

MAX_TRIGGERED_CALL_SECONDS = 300  # synchronous and asynchronous, FC's "Advanced trigger features"
MAX_TAG_LENGTH = 16
OUTAGE_SECONDS = 6 * 3600  # the outage that requests must outlast without a replay
CHOICES: tuple[Mapping[str, str], ...] = (
    {},
    {"Intake": "pull", "CreateResultQueue": "false", "CreatePortalQueue": "false"},
    {"RequestRetentionSeconds": "7200"},
)


@dataclass(frozen=True)
class Deployed:
    """A template with given parameters: what it deploys, the settings and the CPUs of the function."""

    deployment: Deployment
    settings: config.Settings
    cpu: float

    @property
    def queues(self) -> dict[str, Queue]:
        """The queues by name."""
        return {queue.name: queue for queue in self.deployment.queues}

    @property
    def timeout(self) -> int:
        """The timeout of the function in seconds."""
        return self.deployment.function.timeout


def contradictions(document: Mapping[str, Any]) -> list[str]:
    """Return the contradictions in a template for each choice of parameters that changes its resources."""
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


def function_ends_in_time(it: Deployed) -> Iterator[str]:
    """The timeout is at most that of a trigger, and covers all attempts, lookups and publications."""
    s, deadlines = it.settings, Deadlines.of(0, it.timeout, it.settings.look_reserve_seconds, 0)
    if it.timeout > MAX_TRIGGERED_CALL_SECONDS:
        yield f"the timeout is {it.timeout} seconds; a trigger waits {MAX_TRIGGERED_CALL_SECONDS} at most"
    pauses = sum(min(s.backoff_cap_seconds, s.backoff_base_seconds * 2**n) for n in range(s.max_attempts - 1))
    creating = s.max_attempts * s.api_timeout_seconds + pauses
    room = deadlines.create - s.publish_reserve_seconds
    if creating > room:
        yield f"creating takes up to {creating:g} seconds, and the timeout leaves {room:g}"
    if s.late_pause_seconds + s.api_timeout_seconds > s.look_reserve_seconds:
        yield "the reserve for lookups is shorter than the pause and one lookup"
    if s.publish_reserve_seconds <= MAX_CALL_SECONDS:
        yield "the reserve for publishing is shorter than one call"


def message_is_hidden_while_processed(it: Deployed) -> Iterator[str]:
    """The visibility timeout covers all pushes with the maximum waits between them, and one drain."""
    for trigger in it.deployment.triggers:
        pauses = list(waits(trigger.retry_strategy, lambda _low, high: high))
        working = (len(pauses) + 1) * it.timeout + sum(pauses)
        hidden = it.queues[trigger.queue].visibility_timeout
        if hidden <= working:
            yield f"{trigger.queue} hides a message for {hidden} seconds, and pushing takes up to {working:g}"
    for name in (it.settings.request_queue, it.settings.dead_letter_queue):
        if it.queues[name].visibility_timeout <= it.timeout:
            yield f"{name} hides a message for less than the function may take"


def batch_is_processed_in_parallel(it: Deployed) -> Iterator[str]:
    """All messages of a batch are processed at once, so that a batch takes no longer than a message."""
    for trigger in it.deployment.triggers:
        if trigger.batch_count > it.settings.concurrency:
            yield f"a batch of {trigger.batch_count} is more than the {it.settings.concurrency} processed at once"
        if not 0 <= trigger.batch_seconds <= 15:
            yield f"the batch window of {trigger.batch_seconds} seconds is not within 0 to 15"


def failures_become_dead_letters(it: Deployed) -> Iterator[str]:
    """Every way to the function has a dead-letter queue, and a timer sweeps it."""
    if any(trigger.errors_tolerance != "ALL" for trigger in it.deployment.triggers):
        yield "the trigger stops at the first batch that fails permanently"
    policy = it.queues[it.settings.request_queue].dead_letters
    nets = [
        ("requests that are received too often", policy.target_queue if policy else ""),
        ("asynchronous calls that fail permanently", it.deployment.async_policy.failure_queue),
        *(("batches that the trigger abandons", trigger.dead_letter_queue) for trigger in it.deployment.triggers),
    ]
    for what, queue in nets:
        if queue != it.settings.dead_letter_queue:
            yield f"{what} are not among the dead letters that are swept"
    if not any(timer.enabled and _drains(timer.payload) == "deadLetters" for timer in it.deployment.timers):
        yield "nothing sweeps the dead letters"


def requests_are_processed_once(it: Deployed) -> Iterator[str]:
    """Requests are either pushed or pulled."""
    pulled = [timer for timer in it.deployment.timers if _drains(timer.payload) == "requests"]
    pushed = [trigger for trigger in it.deployment.triggers if trigger.queue == it.settings.request_queue]
    if len(pulled) + len(pushed) != 1:
        yield f"requests reach the function in {len(pulled) + len(pushed)} ways instead of one"


def timers_send_commands(it: Deployed) -> Iterator[str]:
    """The function accepts the payload of every timer, and sweeps do not overlap."""
    for timer in it.deployment.timers:
        if not _drains(timer.payload):
            yield f"the function does not accept the command of the timer {timer.name}"
        if _drains(timer.payload) == "deadLetters" and timer.every_seconds <= it.timeout:
            yield f"the timer {timer.name} is due again before its last invocation has ended"


def names_are_deployed(it: Deployed) -> Iterator[str]:
    """Settings and subscriptions name only deployed queues and topics."""
    s, there = it.settings, {*it.queues, *(topic.name for topic in it.deployment.topics)}
    for name in (s.request_queue, s.dead_letter_queue, s.result_topic):
        if name not in there:
            yield f"the settings name {name}, which is not deployed"
    for each in it.deployment.subscriptions:
        if not {each.topic, each.queue} <= there:
            yield f"the subscription {each.name} has a topic or queue that is not deployed"


def subscriptions_match_events(it: Deployed) -> Iterator[str]:
    """Subscriptions use published tags and do not wrap events; the failure queue gets replayable outcomes."""
    for each in it.deployment.subscriptions:
        if len(each.filter_tag) > MAX_TAG_LENGTH or each.filter_tag not in {"", *STATUSES}:
            yield f"the subscription {each.name} has the tag {each.filter_tag}, which no event has"
        if each.notify_content_format != "SIMPLIFIED":
            yield f"the subscription {each.name} wraps the events, which consumers do not unwrap"
    tags = {each.filter_tag for each in it.deployment.subscriptions if each.queue.endswith("-failures")}
    if tags != set(STATUSES):
        yield f"the failure queue gets {sorted(tags)} and should get {sorted(STATUSES)}"


def messages_fit(it: Deployed) -> Iterator[str]:
    """Every queue and topic accepts messages of the maximum size."""
    sizes = {queue.name: queue.maximum_message_size for queue in it.deployment.queues}
    sizes |= {topic.name: topic.maximum_message_size for topic in it.deployment.topics}
    for name, size in sizes.items():
        if size != MAX_MESSAGE_BYTES:
            yield f"{name} takes messages of {size} bytes instead of {MAX_MESSAGE_BYTES}"


def deferred_request_is_retained(it: Deployed) -> Iterator[str]:
    """It is kept at least twice as long as its delay, and the function has the retention of the queue."""
    s, kept = it.settings, it.queues[it.settings.request_queue].message_retention_period
    if s.request_retention_seconds != kept:
        yield f"the function has a retention of {s.request_retention_seconds} seconds, and the queue has {kept}"
    if s.defer_cap_seconds > kept / 2:
        yield f"a deferral lasts up to {s.defer_cap_seconds:g} seconds, more than half of the {kept} a message is kept"


def deferrals_outlast_an_outage(it: Deployed) -> Iterator[str]:
    """Deferrals last long enough even with the minimum of every random wait, half of its maximum."""
    s = it.settings
    least = sum(min(s.defer_cap_seconds, s.defer_base_seconds * 2**n) / 2 for n in range(s.max_deferrals))
    if least < OUTAGE_SECONDS:
        yield f"deferrals may end after {least:g} seconds, before an outage of {OUTAGE_SECONDS}"


def memory_fits_cpu(it: Deployed) -> Iterator[str]:
    """Each CPU has one to four GB, as required by the reference of FC's CreateFunction."""
    ratio = it.deployment.function.memory / 1024 / it.cpu
    if not 1 <= ratio <= 4:
        yield f"{ratio:g} GB for each CPU are not within 1 to 4"


def _drains(payload: str) -> str:
    """Return the queue that the command in a timer's payload drains, empty for anything else."""
    command = parse({"triggerTime": "2026-11-23T08:00:00Z", "triggerName": "timer", "payload": payload})
    return command.queue if isinstance(command, DrainCommand) else ""


RULES: tuple[Callable[[Deployed], Iterator[str]], ...] = (
    names_are_deployed,
    subscriptions_match_events,
    function_ends_in_time,
    message_is_hidden_while_processed,
    batch_is_processed_in_parallel,
    failures_become_dead_letters,
    requests_are_processed_once,
    timers_send_commands,
    messages_fit,
    deferred_request_is_retained,
    deferrals_outlast_an_outage,
    memory_fits_cpu,
)
