"""Runs every client against the local cloud, and writes the table of the operations that each completed.

Clients of other languages than Python run in Node; the SDKs for Java, Go and PHP are replayed from recordings, see
tests/local/conformance. Needs the registries of PyPI and npm. Run by `make test-clients`.
"""

import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import urllib3

from express_sync.local.cloud import CloudOptions, background
from tests.clients import python_round
from tests.clients.table import RESULTS, Results, write_table
from tests.local.conformance.replay import RECORDINGS, replay_to

HERE = Path(__file__).parent
INSTALLED = HERE.parents[1] / ".clients"
PYTHON_VERSIONS = sorted(path.stem for path in (HERE / "python").glob("aliyun-mns-sdk-*.txt"))
NODE_CLIENTS = {
    "ali-mns": "npm ali-mns 2.6.8",
    "aliyun-mns": "npm aliyun-mns 1.2.1",
    "mns": "npm @alicloud/mns 1.2.0",
    "pop-core": "npm @alicloud/pop-core 1.8.0",
    "fc2": "npm @alicloud/fc2 2.6.6",
}
TIMEOUT_SECONDS = 600
Ready = Mapping[str, Any]


def completed(ready: Ready, service: str) -> list[str]:
    """Return the operations that the service completed since its last reset."""
    calls = urllib3.request("GET", f"{ready[service]['endpoint']}/_local/calls").json()
    return sorted({call["operation"] for call in calls if _is_done(call)})


def _is_done(call: Mapping[str, Any]) -> bool:
    """Tell whether a call of MNS, with a status, or of sgw, with an outcome, completed."""
    return call["outcome"] == "done" if "outcome" in call else (call["status"] or 500) < 300


@contextmanager
def fresh_cloud(*, with_function: bool) -> Iterator[Ready]:
    """Run a cloud for one client."""
    with background(CloudOptions(with_function=with_function)) as running:
        yield running.ready


def run(command: list[str], cwd: Path, text: str = "") -> str:
    """Run a client's round and return its output. SystemExit with what it says if it does not complete."""
    done = subprocess.run(
        command, cwd=cwd, input=text, capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def record(results: Results, service: str, client: str, operations: list[str]) -> None:
    """Keep the operations that a client completed, and say so, as the whole run takes minutes."""
    results[service][client] = operations
    sys.stdout.write(f"  {client}: {len(operations)} operations of {service}\n")
    sys.stdout.flush()


def python_sdks(results: Results) -> None:
    """Run each version of the Python SDK in an environment of its own, the newest in this one."""
    newest = [("aliyun-mns-sdk-1.3.0", sys.executable)]
    for name, python in [*((each, _environment(each)) for each in PYTHON_VERSIONS), *newest]:
        with fresh_cloud(with_function=False) as ready:
            key = [ready["accessKeyId"], ready["accessKeySecret"]]
            arguments = [ready["mns"]["endpoint"], *key, ready["accountId"], ready["region"]]
            run([python, str(HERE / "python" / "mns_round.py"), *arguments], HERE)
            record(results, "mns", f"Python {name.rpartition('-')[2]}", completed(ready, "mns"))


def _environment(name: str) -> str:
    directory = INSTALLED / name
    python = directory / "bin" / "python"
    if not python.exists():
        venv.create(directory, with_pip=True)
        # Without dependencies: the packages for encryption that these versions require are imported nowhere.
        install = ["-m", "pip", "install", "-q", "--no-deps", "--require-hashes", "-r"]
        run([str(python), *install, str(HERE / "python" / f"{name}.txt")], HERE)
    return str(python)


def node_clients(results: Results) -> None:
    """Run each npm client."""
    directory = INSTALLED / "npm"
    directory.mkdir(parents=True, exist_ok=True)
    for path in (HERE / "npm").glob("*"):
        (directory / path.name).write_bytes(path.read_bytes())
    (directory / "round.js").write_bytes((HERE.parent / "local" / "npm" / "round.js").read_bytes())
    run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"], directory)
    run(["npm", "rebuild", "node-expat"], directory)
    for script, name in NODE_CLIENTS.items():
        with fresh_cloud(with_function=script == "fc2") as ready:
            printed = run(["node", f"{script}.js"], directory, json.dumps(ready))
            service = {"pop-core": "sgw", "fc2": "fc"}.get(script, "mns")
            record(results, service, name, printed.split() if service == "fc" else completed(ready, service))


def python_clients(results: Results) -> None:
    """Run the Python clients of sgw and FC."""
    with fresh_cloud(with_function=True) as ready:
        python_round.sgw(ready)
        record(results, "sgw", "Python alibabacloud-sgw20180511", completed(ready, "sgw"))
        record(results, "fc", "Python alibabacloud-fc20230330", python_round.fc(ready))
        record(results, "fc", "Python aliyun-fc2", python_round.fc2(ready))


def recorded_sdks(results: Results) -> None:
    """Replay each recorded SDK."""
    for path in RECORDINGS:
        record(results, "mns", json.loads(path.read_text())["client"], replay_to(path))


def main() -> None:
    """Run all clients and write the results."""
    results: Results = {"mns": {}, "sgw": {}, "fc": {}}
    for part in (python_sdks, node_clients, recorded_sdks, python_clients):
        part(results)
    RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    write_table()
    count = sum(len(each) for each in results.values())
    sys.stdout.write(f"{count} clients completed their rounds on Python {sys.version.split()[0]}.\n")


if __name__ == "__main__":
    os.environ.pop("NODE_OPTIONS", None)
    main()
