"""Where asynchronous calls that failed for good go: the queue that a template's async configuration names, if any.

Unknown: what Function Compute does with a record that the queue refuses, such as one larger than 64 KiB; here it is
lost. Must not know when a call has failed for good.
"""

import time
from contextlib import suppress

from express_sync.local.account import Account
from express_sync.local.fc.async_invocations import Failed
from express_sync.local.fc.record import failure_record
from express_sync.local.fc.result import Answer
from express_sync.local.mns.engine.message_service import MessageService
from express_sync.local.mns.errors import ServiceError
from express_sync.local.template.deployment import Deployment


def destination(deployment: Deployment, account: Account, messages: MessageService) -> Failed:
    """What takes the failed calls of the deployment's function."""
    queue = deployment.async_policy.failure_queue
    arn = f"acs:fc:{account.region}:{account.account_id}:functions/{deployment.function.name}"

    def failed(request_id: str, event: bytes, answer: Answer, tries: int) -> None:
        if queue:
            with suppress(ServiceError):
                record = failure_record(arn, request_id, event, answer, tries=tries, now=time.time())
                messages.send(queue, record)

    return failed
