"""What the portal's service carries: submissions per second beside the plain queue, 200 followers, and memory."""

import asyncio
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import urllib3

from express_sync.local.cloud import CloudOptions, background
from express_sync.portal.principal import Identity
from express_sync.portal.service import Settings, running
from tests.support.portal import GROUP, MemoryQueues
from tests.support.portal_cloud import TOKEN, portal_of

SUBMISSIONS = 1_000
THREADS = 8
FOLLOWERS = 200
EVENTS = 50


def throughput() -> tuple[float, float]:
    """Return submissions per second through HTTP, and messages per second into the plain queue, one by one."""
    with (
        background(CloudOptions(with_function=False)) as cloud,
        TemporaryDirectory() as directory,
        portal_of(cloud, Path(directory)) as portal,
    ):
        pool = urllib3.PoolManager(maxsize=THREADS)
        headers = {"Authorization": f"Bearer {TOKEN}"}

        def submit(number: int) -> None:
            request = {"requestId": f"REQ-{number}", **GROUP, "bucketPrefix": str(number)}
            answer = pool.request("POST", f"{portal.url}/v1/requests", json=request, headers=headers)
            assert answer.status == 202, answer.data

        over_http = _per_second(submit)
        return over_http, _per_second(lambda number: portal.outcomes.send([f'{{"requestId": "{number}"}}']))


def _per_second(work: Callable[[int], object]) -> float:
    with ThreadPoolExecutor(THREADS) as threads:
        start = time.perf_counter()
        list(threads.map(work, range(SUBMISSIONS)))
        return SUBMISSIONS / (time.perf_counter() - start)


def followed() -> tuple[float, float]:
    """Return the median and the longest time in ms from a submission until all followers have its event."""
    with _portal() as url:
        return asyncio.run(_delays_ms(url))


async def _delays_ms(url: str) -> tuple[float, float]:
    streams = await asyncio.gather(*(_stream(url) for _ in range(FOLLOWERS)))
    pool, delays = urllib3.PoolManager(), []
    for number in range(EVENTS):
        request = {"requestId": f"REQ-{number}", **GROUP}
        start = time.perf_counter()
        await asyncio.to_thread(pool.request, "POST", f"{url}/v1/requests", json=request)
        await asyncio.gather(*(reader.readuntil(b"\r\n\r\n") for reader, _ in streams))
        delays.append((time.perf_counter() - start) * 1000)
    return statistics.median(delays), max(delays)


async def _stream(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"GET /v1/events HTTP/1.0\r\nHost: {parts.netloc}\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")  # the comment that says that the stream is open
    return reader, writer  # without its writer a connection is closed


@contextmanager
def _portal() -> Iterator[str]:
    with TemporaryDirectory() as directory:
        queues = MemoryQueues()
        settings = Settings(f"sqlite:///{Path(directory) / 'portal.sqlite3'}")
        with running(settings, queues, queues, lambda _headers: Identity("olivia", "operator")) as url:
            yield url


def peak_mb() -> float:
    """Return the most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
