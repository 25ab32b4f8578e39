"""The local MNS: its operations beside those of moto's SQS server, and with many messages beside few."""

import json
import os
import socket
import statistics
import subprocess
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mns.account import Account
from mns.queue import Message, Queue, QueueMeta

from benchmarks.candidates import PEERS, REQUIREMENTS, Candidates, installed
from benchmarks.comparison import Comparison, Limit, Row
from benchmarks.plan import Plan
from benchmarks.rig import Rig
from express_sync.local.account import LOCAL_ACCOUNT

USER = LOCAL_ACCOUNT.user
WAKE_UP, WAKE_UP_MS = "long-poll wake-up", 10
GOAL_BY_LENGTH = 1.5


def beside_moto(everybody: Candidates, rig: Rig, plan: Plan) -> list[Row]:
    """Compare single operations of both servers, each with its own official SDK."""
    endpoint = rig.cloud.ready["mns"]["endpoint"]
    key = (USER.access_key_id, USER.access_key_secret)
    libraries = installed("moto", (REQUIREMENTS / "peer-moto.txt").read_text(), everybody.python)
    with _moto(everybody.python, libraries) as theirs:
        rounds = str(plan.queue_rounds)
        ours_ms = _measured(everybody.python, "queue_mns", everybody.ours.code, endpoint, rounds, *key)
        moto_ms = _measured(everybody.python, "queue_moto", libraries, theirs, rounds)
    return [_beside(name, ours, moto_ms[name]) for name, ours in ours_ms.items()]


def _beside(name: str, ours: list[float], theirs: list[float]) -> Row:
    compared = Comparison(f"Local MNS, {name}", "ms", ours, "moto's SQS server", theirs, goal=1.0)
    return Limit(compared, goal=WAKE_UP_MS) if name == WAKE_UP else compared


def by_length(rig: Rig, plan: Plan) -> list[Row]:
    """Compare each operation on a queue with many messages with the same on one with few."""
    few, many = plan.queue_lengths
    account = Account(rig.cloud.ready["mns"]["endpoint"], USER.access_key_id, USER.access_key_secret)
    queues = {few: _filled(rig, account, "few", few), many: _filled(rig, account, "many", many)}
    found: list[Row] = []
    for name, operation in _operations(account).items():
        samples: dict[int, list[float]] = {few: [], many: []}
        for _ in range(plan.queue_rounds):
            for length, queue in queues.items():
                began = time.perf_counter()
                operation(queue)
                samples[length].append((time.perf_counter() - began) * 1000)
        medians = {length: [statistics.median(series)] for length, series in samples.items()}
        measure, beside = f"{name} at {many:,} messages, p50", f"at {few:,}"
        found.append(Comparison(measure, "ms", medians[many], beside, medians[few], goal=GOAL_BY_LENGTH))
    return found


def _operations(account: Account) -> dict[str, Callable[[Queue], object]]:
    handles: dict[str, list[str]] = {}

    def receive(queue: Queue) -> None:
        handles.setdefault(queue.queue_name, []).append(queue.receive_message(0).receipt_handle)

    return {
        "SendMessage": lambda queue: queue.send_message(Message("x" * 300)),
        "ReceiveMessage": receive,
        "ChangeMessageVisibility": lambda queue: _hide(queue, handles),
        "DeleteMessage": lambda queue: queue.delete_message(handles[queue.queue_name].pop()),
        "BatchPeekMessage": lambda queue: queue.batch_peek_message(16),
        "GetQueueAttributes": _attributes,
        "ListQueue": lambda queue: account.list_queue(prefix=queue.queue_name),
    }


def _hide(queue: Queue, handles: dict[str, list[str]]) -> None:
    mine = handles[queue.queue_name]
    mine.insert(0, queue.change_message_visibility(mine.pop(), 600).receipt_handle)


def _attributes(queue: Queue) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the SDK's own
        queue.get_attributes()


def _filled(rig: Rig, account: Account, name: str, length: int) -> Queue:
    queue = account.get_queue(name)
    queue.create(QueueMeta(vis_timeout=43200))

    async def fill() -> None:
        for _ in range(length):
            rig.cloud.cloud.messages.queues.send(queue.queue_name, "x" * 300)

    rig.cloud.run(fill())
    return queue


def _measured(python: str, name: str, libraries: Path, *arguments: str) -> dict[str, list[float]]:
    environment = {**os.environ, "PYTHONPATH": str(libraries), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [python, str(PEERS / f"{name}.py"), *arguments]
    printed = subprocess.run(command, env=environment, capture_output=True, check=True, cwd="/").stdout
    found: dict[str, list[float]] = json.loads(printed)
    return found


@contextmanager
def _moto(python: str, libraries: Path) -> Iterator[str]:
    """Run moto's server on a free port and yield its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = f"from moto.server import main; main(['-H', '127.0.0.1', '-p', '{port}'])"
    environment: dict[str, Any] = {**os.environ, "PYTHONPATH": str(libraries)}
    quiet = subprocess.DEVNULL
    with subprocess.Popen([python, "-c", code], env=environment, stdout=quiet, stderr=quiet, cwd="/") as server:
        try:
            _wait_for(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def _wait_for(port: int) -> None:
    for _ in range(600):
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError("moto's server does not start")
