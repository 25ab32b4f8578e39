"""Creates, subscribes and deletes queues of SMQ through the function's wrapper of the SDK."""

from mns.queue import QueueMeta
from mns.subscription import SubscriptionMeta

from express_sync.ops.queues.inventory import SmqInventory

_PLAIN = "SIMPLIFIED"


class QueueAdmin(SmqInventory):
    """Calls that manage queues, beside those that read; every method may raise SmqError."""

    def create(self, queue: str, meta: QueueMeta) -> None:
        """Create a queue."""
        self._do(lambda account: account.get_queue(queue).create(meta))

    def touch(self, queue: str, meta: QueueMeta) -> None:
        """Set the attributes of a queue, which sets the time of its modification."""
        self._do(lambda account: account.get_queue(queue).set_attributes(meta))

    def delete_queue(self, queue: str) -> None:
        """Delete a queue with its messages."""
        self._do(lambda account: account.get_queue(queue).delete())

    def subscribe(self, topic: str, name: str, endpoint: str) -> None:
        """Let a topic deliver every message, unwrapped, to the queue with the ARN `endpoint`."""
        meta = SubscriptionMeta(endpoint, "", _PLAIN)
        self._do(lambda account: account.get_subscription(topic, name).subscribe(meta))

    def unsubscribe(self, topic: str, name: str) -> None:
        """End a subscription."""
        self._do(lambda account: account.get_subscription(topic, name).unsubscribe())
