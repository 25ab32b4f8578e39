"""A process that sends the deliveries of one endpoint, and stops at a point where the test kills it.

Run as `python -m tests.portal.webhook_child DATABASE ENDPOINT POINT`; prints a line when it has reached the point.
"""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from express_sync.portal.webhooks import outbox
from express_sync.portal.webhooks.http import Poster
from tests.portal.webhook_receiver import Receiver
from tests.portal.webhook_store import Store

POINTS = {"leased": (Poster, "post"), "answered": (outbox, "accept")}


def stop(*_arguments: Any) -> Any:
    """Report that the point is reached, and wait to be killed."""
    sys.stdout.write("reached\n")
    sys.stdout.flush()
    threading.Event().wait()


def run(database: str, url: str, point: str) -> None:
    """Send what is due, up to the point."""
    if point in POINTS:
        setattr(*POINTS[point], stop)
    endpoint = Receiver(url).endpoint()
    store = Store(database)
    with ThreadPoolExecutor(8) as pool:
        store.dispatcher(endpoint).step(pool)


if __name__ == "__main__":
    run(*sys.argv[1:])
