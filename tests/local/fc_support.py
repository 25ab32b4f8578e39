"""Sample functions and local clouds that run them."""

import asyncio
import json
import sys
import textwrap
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import urllib3

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.cloud import CloudOptions, RunningCloud, background
from express_sync.local.fc.instance_pool import Code, InstancePool
from express_sync.local.fc.result import InvocationResult
from express_sync.local.template.deployment import Function
from tests.support.patience import PATIENCE_SECONDS

T = TypeVar("T")
RUNTIMES = ("python3.10", "python3.12")


@dataclass(frozen=True)
class Sample:
    """A function whose module `index` is `source`; `run` runs a test's coroutine with its instances."""

    directory: Path
    handler: str = "index.handle"
    runtime: str = "python3.10"
    timeout: int = PATIENCE_SECONDS
    environment: Mapping[str, str] = field(default_factory=dict)
    limit: int = 4

    def write(self, source: str, name: str = "index.py") -> "Sample":
        """Write a module into the code directory."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source), encoding="utf-8")
        return self

    def run(self, work: Callable[[InstancePool], Awaitable[T]]) -> T:
        """Run `work` with the instances of this function in a new loop, and stop them."""

        async def whole() -> T:
            function = Function(
                "sample", self.handler, self.runtime, 256, self.timeout, role="", environment=self.environment
            )
            pool = InstancePool(function, LOCAL_ACCOUNT, Code(sys.executable, self.directory), self.limit)
            try:
                return await work(pool)
            finally:
                await pool.stop()

        return asyncio.run(whole())

    def invoke(self, event: bytes = b"{}") -> InvocationResult:
        """Return the result of one invocation."""
        return self.run(lambda pool: pool.invoke(event, "request-1", "Sync"))


async def until(condition: Callable[[], bool]) -> None:
    """Return once `condition` is true; the test's timeout ends a wait that hangs."""
    while not condition():
        await asyncio.sleep(0.005)


async def said_pid(pool: InstancePool) -> None:
    """Print the id of the worker, which its function logs, and wait until it is killed."""
    running = asyncio.create_task(pool.invoke(b"", "one", "Sync"))
    pids: list[str] = []
    while not pids:
        await asyncio.sleep(0.005)
        pids = [line["line"].split()[1] for line in pool.logs.recent() if line["line"].startswith("worker")]
    sys.stdout.write(pids[0] + "\n")
    sys.stdout.flush()
    await running


FUNCTION = """
ROSTemplateFormatVersion: '2015-09-01'
Resources:
  Function:
    Type: ALIYUN::FC3::Function
    Properties:
      FunctionName: sample
      Handler: index.handle
      Runtime: python3.10
      MemorySize: 256
      Timeout: {timeout}
"""


@contextmanager
def cloud_of(
    directory: Path, source: str, *, more: str = "", timeout: int = PATIENCE_SECONDS, clock_factor: float = 0.001
) -> Iterator[RunningCloud]:
    """Run a local cloud with the function `sample`, whose module is `source`, and `more` resources."""
    Sample(directory).write(source)
    template = directory / "template.yml"
    template.write_text(FUNCTION.format(timeout=timeout) + more, encoding="utf-8")
    with background(CloudOptions(template=template, clock_factor=clock_factor)) as running:
        yield running


def fc_port(running: RunningCloud) -> int:
    """Return the port of the cloud's invocation APIs."""
    return int(running.ready["fc"]["endpoint"].rpartition(":")[2])


def local_get(running: RunningCloud, path: str, service: str = "fc") -> Any:
    """Return the JSON of a `/_local` path."""
    return _json(running, "GET", path, service)


def local_post(running: RunningCloud, path: str, wish: object = None, service: str = "fc") -> Any:
    """Return the JSON response to a document posted to a `/_local` path."""
    return _json(running, "POST", path, service, json.dumps(wish) if wish is not None else None)


def _json(running: RunningCloud, method: str, path: str, service: str, body: str | None = None) -> Any:
    url, headers = running.ready[service]["endpoint"] + path, {"Content-Type": "application/json"} if body else {}
    response = urllib3.request(method, url, body=body, headers=headers, retries=False)
    assert response.status == 200, response.data
    return json.loads(response.data)
