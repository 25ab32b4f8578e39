"""Reads queues, topics and subscriptions of SMQ through the function's wrapper of the SDK."""

import warnings
from dataclasses import dataclass

from mns.account import Account

from handler.smq.client import Smq


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription of a topic: messages with the tag `tag`, or all if it is empty, go to the queue `queue`."""

    name: str
    queue: str
    tag: str
    content_format: str


class SmqInventory(Smq):
    """Read-only calls to SMQ; every method may raise SmqError."""

    def message_count(self, queue: str) -> int:
        """Return about how many messages the queue holds, invisible and delayed ones included; 0 if SMQ omits it."""

        def count(account: Account) -> int:
            with warnings.catch_warnings():  # the SDK warns that these attributes will be removed
                warnings.simplefilter("ignore", DeprecationWarning)
                found = account.get_queue(queue).get_attributes()
                return int(found.active_messages) + int(found.inactive_messages) + int(found.delay_messages)

        return int(self._do(count))

    def check_topic(self, topic: str) -> None:
        """Return if the topic exists."""
        self._do(lambda account: account.get_topic(topic).get_attributes())

    def subscriptions(self, topic: str) -> tuple[Subscription, ...]:
        """Return all subscriptions of a topic; `queue` is empty for an endpoint of another kind."""
        names: list[str] = []
        marker = ""
        while True:
            page, marker = self._page(topic, marker)
            names += [url.rpartition("/")[2] for url in page]
            if not marker:
                return tuple(self._subscription(topic, name) for name in names)

    def _page(self, topic: str, marker: str) -> tuple[list[str], str]:
        page: tuple[list[str], str] = self._do(
            lambda account: account.get_topic(topic).list_subscription(marker=marker)
        )
        return page

    def _subscription(self, topic: str, name: str) -> Subscription:
        found = self._do(lambda account: account.get_subscription(topic, name).get_attributes())
        queue = found.endpoint.rpartition("queues/")[2] if "queues/" in found.endpoint else ""
        return Subscription(name, queue, found.filter_tag, found.notify_content_format)
