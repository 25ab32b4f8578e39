"""What SMQ has on record: queues, topics and who subscribes to them, through the function's own fence around the SDK.

Only looks. It must not know what should be there.
"""

import warnings
from dataclasses import dataclass

from mns.account import Account

from handler.smq.client import Smq


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who gets which messages of a topic: the queue `queue` gets those tagged `tag`, or all where it is empty."""

    name: str
    queue: str
    tag: str
    content_format: str


class Records(Smq):
    """The records at an endpoint; every question may raise SmqError."""

    def messages_in(self, queue: str) -> int:
        """About how many messages the queue holds, invisible and delayed ones included; 0 where SMQ no longer says."""

        def count(account: Account) -> int:
            with warnings.catch_warnings():  # the SDK warns of the counts' retirement whenever they are read
                warnings.simplefilter("ignore", DeprecationWarning)
                found = account.get_queue(queue).get_attributes()
                return int(found.active_messages) + int(found.inactive_messages) + int(found.delay_messages)

        return int(self._do(count))

    def see_topic(self, topic: str) -> None:
        """Return if the topic is there."""
        self._do(lambda account: account.get_topic(topic).get_attributes())

    def subscriptions(self, topic: str) -> tuple[Subscription, ...]:
        """All subscriptions of a topic; those that do not push to a queue have an empty one."""
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
