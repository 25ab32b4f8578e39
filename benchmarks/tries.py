"""What was tried to make the function faster, with the figure of each way: `python -m benchmarks.tries`.

docs/performance.md says which way was taken and why.
"""

import socket
import ssl
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import attrs
from rich.table import Column

from benchmarks.candidates import Candidates, prepared
from benchmarks.comparison import in_turns
from benchmarks.pure_path import DOCUMENT, MESSAGES, checked_by_the_library, log_to_nowhere
from express_sync.local.certificates import Certificates
from express_sync.ops.terminal import output, tables
from handler import log
from handler.inbound import validation
from handler.model import Succeeded
from handler.outcome import Outcome, outcome_of
from tests.support.samples import outcome_context

ROUNDS = 7
CLASSES = 40
THREADS, BATCHES = 16, 50
HANDSHAKES = 20
_IMPORT = """
import sys, time
sys.path.insert(0, sys.argv[1])
import json, re  # what the interpreter or anything else needs anyway
began = time.process_time()
import {module}
print((time.process_time() - began) * 1000)
"""
IMPORTS = {
    "jsonschema": "jsonschema",
    "structlog": "structlog",
    "MNS SDK": "mns.account",
    "of it: deprecated with wrapt": "deprecated",
    "of it: http.client": "http.client",
    "uuid, for a nonce": "uuid",
    "ssl and socket": "ssl",
    "dataclasses": "dataclasses",
    "until the connections are being opened": "handler.entry",
    "everything": "handler.entry, handler.invocation",
}


def imports(everybody: Candidates) -> dict[str, float]:
    """Return the milliseconds of CPU that each library costs a new interpreter with nothing but the package."""

    def of(module: str) -> Callable[[], float]:
        command = [everybody.python, "-B", "-I", "-S", "-c", _IMPORT.format(module=module), str(everybody.ours.code)]
        return lambda: float(subprocess.run(command, capture_output=True, check=True).stdout)

    return _medians({name: of(module) for name, module in IMPORTS.items()})


def value_classes() -> dict[str, float]:
    """Return the milliseconds of CPU that the definition of a class with five fields costs, in each style."""
    fields: dict[str, Any] = {"a": str, "b": str, "c": int, "d": float, "e": str}

    def new() -> type:
        return type("Value", (), {"__annotations__": dict(fields)})

    styles: dict[str, Callable[[], object]] = {
        "dataclass(frozen, slots), as in the function": lambda: dataclass(frozen=True, slots=True)(new()),
        "dataclass(frozen)": lambda: dataclass(frozen=True)(new()),
        "dataclass()": lambda: dataclass(new()),
        "attrs.frozen": lambda: attrs.frozen(new()),
        "NamedTuple": lambda: NamedTuple("Value", list(fields.items())),
    }
    return _medians({name: _cpu(define, CLASSES) for name, define in styles.items()})


def threads() -> dict[str, float]:
    """Return the milliseconds of CPU that the threads of one batch of 16 cost, new and kept."""
    kept = ThreadPoolExecutor(THREADS)

    def with_new() -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            wait([pool.submit(time.sleep, 0.001) for _ in range(THREADS)])

    def with_kept() -> None:
        wait([kept.submit(time.sleep, 0.001) for _ in range(THREADS)])

    found = _medians({"new for each batch": _cpu(with_new, BATCHES), "kept": _cpu(with_kept, BATCHES)})
    kept.shutdown()
    return found


def tls() -> dict[str, float]:
    """Return the milliseconds of CPU, of both sides, that TLS costs."""
    certificates = Certificates()
    context = ssl.create_default_context(cafile=str(certificates.ca_file))
    with _tls_server(certificates.server) as address:
        session = _handshake(context, address, None)
        found = _medians(
            {
                "context with the certificates of the system": _cpu(ssl.create_default_context, HANDSHAKES),
                "new connection": _cpu(lambda: _handshake(context, address, None), HANDSHAKES),
                "new connection that continues a session": _cpu(
                    lambda: _handshake(context, address, session), HANDSHAKES
                ),
            }
        )
    certificates.remove()
    return found


def pure_path() -> dict[str, float]:
    """Return the milliseconds of CPU of each part of the pure path, of which `benchmarks.pure_path` measures all."""
    verdict, context = Succeeded("sync-0001xv7je357xn8tr", "created"), outcome_context()
    outcome = outcome_of(verdict, DOCUMENT, context)
    with log_to_nowhere() as invocation:
        parts: dict[str, Callable[[], object]] = {
            "schema check": lambda: validation.violations(DOCUMENT),
            "the same by the library as it comes": checked_by_the_library,
            "requestId alone": lambda: validation.usable_request_id(DOCUMENT),
            "outcome": lambda: outcome_of(verdict, DOCUMENT, context),
            "of it: text": lambda: Outcome.of(outcome.status, outcome.event),
            "log line": lambda: log.DeliveryLog.of(invocation, "M-1", "REQ-1").published(outcome),
        }
        return _medians({name: _cpu(work, MESSAGES) for name, work in parts.items()})


def main() -> None:
    """Print every figure."""
    with prepared() as everybody:
        sections = {
            "Import": imports(everybody),
            "Definition of a value class": value_classes(),
            "Threads of a batch of 16": threads(),
            "TLS": tls(),
            "Pure path of a message": pure_path(),
        }
    rows = [(section, way, f"{figure:.3f}") for section, ways in sections.items() for way, figure in ways.items()]
    columns = [Column("What"), Column("Way"), Column("CPU, ms", justify="right")]
    output.results().print(tables.table(output.results(), columns, rows))


def _medians(works: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    return {
        name: statistics.median(series) for name, series in zip(works, in_turns(ROUNDS, *works.values()), strict=True)
    }


def _cpu(work: Callable[[], object], times: int) -> Callable[[], float]:
    def once() -> float:
        began = time.process_time()
        for _ in range(times):
            work()
        return (time.process_time() - began) * 1000 / times

    return once


@contextmanager
def _tls_server(context: ssl.SSLContext) -> Iterator[tuple[str, int]]:
    """Answer every connection with one byte."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                accepted, _ = listener.accept()
            except OSError:
                return
            with context.wrap_socket(accepted, server_side=True) as secured:
                secured.sendall(b"1")
                secured.recv(1)

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def _handshake(
    context: ssl.SSLContext, address: tuple[str, int], session: ssl.SSLSession | None
) -> ssl.SSLSession | None:
    with (
        socket.create_connection(address) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1", session=session) as secured,
    ):
        secured.recv(1)
        return secured.session


if __name__ == "__main__":
    main()
