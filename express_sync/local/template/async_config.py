"""ALIYUN::FC3::AsyncInvokeConfig, as far as it is run locally.

Reproduces the number of retries and a queue as the destination of invocations that failed finally. Does not reproduce
other destinations and stateful tasks, which are errors, nor the maximum age of an event, as locally none waits long.
The form of a queue's ARN is believed: `acs:mns:REGION:ACCOUNT:/queues/NAME/messages`, like that of a topic.
"""

import re
from dataclasses import dataclass

from express_sync.local.template.parser import TemplateError
from express_sync.local.template.properties import Properties

RETRIES = 3  # of a function without a configuration, in the reference of FC's PutAsyncInvokeConfig
_QUEUE = re.compile(r"acs:mns:[^:/]*:[^:/]*:/queues/([^/]+)/messages")


@dataclass(frozen=True, slots=True)
class AsyncPolicy:
    """The number of retries of a failed asynchronous invocation, and the queue for its record, "" for none."""

    retries: int = RETRIES
    failure_queue: str = ""


def async_policy(config: Properties) -> AsyncPolicy:
    """Return the policy that the properties declare. TemplateError for what cannot be run."""
    config.absent("AsyncTask")
    destinations = config.map("DestinationConfig")
    destinations.absent("OnSuccess")
    return AsyncPolicy(
        retries=config.number("MaxAsyncRetryAttempts", RETRIES),
        failure_queue=_queue(destinations.map("OnFailure")),
    )


def _queue(destination: Properties) -> str:
    arn = destination.text("Destination", "")
    match = _QUEUE.fullmatch(arn)
    if arn and match is None:
        raise TemplateError(f"{destination.path}.Destination is run locally only as the messages of a queue")
    return match[1] if match else ""
