"""ALIYUN::FC3::Trigger of type eventbridge with an SMQ queue as its source, as far as it is run locally.

Reproduces: the names, types and defaults of the properties (page of the resource type). Does not reproduce: filters
and whatever else changes what is pushed; such a property is an error.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from express_sync.local.retry_strategy import STRATEGIES
from express_sync.local.template.properties import Properties


@dataclass(frozen=True, slots=True)
class Trigger:
    """ALIYUN::FC3::Trigger of type eventbridge with an SMQ queue as its source.

    `batch_count` and `batch_seconds` close the batch window, whichever is reached first; `dead_letter_queue` is
    empty without one; `config` is the TriggerConfig, resolved.
    """

    name: str
    function: str
    queue: str
    base64_decode: bool
    schema: str
    mode: str
    errors_tolerance: str
    retry_strategy: str
    batch_count: int
    batch_seconds: int
    dead_letter_queue: str
    config: Mapping[str, Any] = field(default_factory=dict, compare=False)


def queue_trigger(trigger: Properties) -> Trigger:
    """Return the queue trigger that a trigger's properties declare. TemplateError for what cannot be run."""
    config = trigger.map("TriggerConfig")
    config.choice("triggerEnable", (True,), default=True)
    config.choice("asyncInvocationType", (False,), default=False)
    config.choice("eventRuleFilterPattern", ("{}", ""), default="{}")
    source = config.map("eventSourceConfig")
    source.choice("eventSourceType", ("MNS",))
    queue = source.map("eventSourceParameters").map("sourceMNSParameters")
    delivery = config.map("eventSinkConfig").map("deliveryOption")
    return Trigger(
        name=trigger.text("TriggerName"),
        function=trigger.text("FunctionName"),
        queue=queue.text("QueueName"),
        base64_decode=queue.boolean("IsBase64Decode", default=True),
        schema=delivery.choice("eventSchema", ("CloudEvents", "RawData"), default="CloudEvents"),
        config=config.values,
        **_run_options(config.map("runOptions")),
    )


def _run_options(options: Properties) -> dict[str, Any]:
    window = options.map("batchWindow")
    return {
        "mode": options.choice("mode", ("event-streaming", "event-driven")),
        "errors_tolerance": options.choice("errorsTolerance", ("ALL", "NONE"), default="NONE"),
        "retry_strategy": options.map("retryStrategy").choice(
            "PushRetryStrategy", tuple(STRATEGIES), default="BACKOFF_RETRY"
        ),
        "batch_count": window.number("CountBasedWindow", 1),
        "batch_seconds": window.number("TimeBasedWindow", 0),
        "dead_letter_queue": options.map("deadLetterQueue").text("Arn", "").rpartition("/")[2],
    }
