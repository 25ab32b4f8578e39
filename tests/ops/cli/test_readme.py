"""The commands that the README and the page on the local cloud let a reader type, each page with one `up`."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.checkout import EVENTS, ROOT
from tests.support.patience import PATIENCE_SECONDS
from tests.support.required import program

pytestmark = pytest.mark.long

WATCH = "express-sync watch"
MINIMAL, FULL = "REQ-2026-001001", "REQ-2026-001002"
BATCH = ("REQ-2026-003004", "REQ-2026-003005")
PROGRAM = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from express_sync.ops.cli import main
main()
"""
# A path with a space cannot stand in the first line of a program.
SHIM = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c {shlex.quote(PROGRAM)} "$@"\n'


def commands(page: str, title: str) -> list[str]:
    """Return the commands of a section, without comments."""
    text = (ROOT / page).read_text(encoding="utf-8")
    section = text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return [re.sub(r"\s+#.*", "", line[2:]) for line in section.splitlines() if line.startswith("$ ")]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a directory with everything that the commands need of a checkout."""
    (tmp_path / "events").symlink_to(EVENTS)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "activate").write_text('PATH="$PWD/.venv/bin:$PATH"\n')
    shim = tmp_path / ".venv" / "bin" / "express-sync"
    shim.write_text(SHIM)
    shim.chmod(0o700)
    return tmp_path


def test_readme_commands_work_as_they_are_written(checkout: Path) -> None:
    """Every command succeeds and every outcome is seen, that of the killed function included."""
    said = typed(commands("README.md", "Keep the cloud running"), checkout, {FULL, *BATCH, MINIMAL})
    assert re.search(r'"settled": 2.*InternalError reset-after; 2 left.*announced  status=succeeded', said, re.DOTALL)


def test_local_cloud_commands_work_as_they_are_written(checkout: Path) -> None:
    """The outcome of the killed function is seen, too."""
    program("curl")
    said = typed(commands("docs/local-cloud.md", "Faults"), checkout, {MINIMAL})
    answers = [json.loads(line) for line in said.splitlines() if line[0] in "[{"]
    assert answers[:2] == [{"queued": 2}, {}]
    assert answers[3] == {"armed": "create-sent"}
    assert [type(each) for each in answers[2::2]] == [list, list]


def typed(lines: list[str], checkout: Path, awaited: set[str]) -> str:
    """Run `up`, then the other commands; wait for outcomes of the `awaited` requests, and return what was printed."""
    up_line = next(line for line in lines if line.startswith("express-sync up"))
    rest = [line for line in lines if not line.startswith(("express-sync up", WATCH))]
    with start(f"{lines[0]}; exec {up_line}", checkout) as up:
        assert up.stdout is not None
        assert any(line.startswith("Press Ctrl-C to stop it.") for line in iter(up.stdout.readline, ""))
        with start(f"{lines[0]}; exec {WATCH}", checkout) as watch:
            with start("\n".join(["set -e", *rest]), checkout) as shell:
                said, complaints = shell.communicate(timeout=PATIENCE_SECONDS)
            assert shell.returncode == 0, complaints
            assert watch.stdout is not None
            while awaited:
                time, status, request = watch.stdout.readline().split()[:3]
                awaited.discard(request)
                assert (time, status) == ("TIME", "STATUS") or status == "succeeded"
            watch.send_signal(signal.SIGINT)
            watch.communicate(timeout=PATIENCE_SECONDS)
        up.send_signal(signal.SIGINT)
        _, silence = up.communicate(timeout=PATIENCE_SECONDS)
    assert (watch.returncode, up.returncode, silence) == (130, 130, "")
    return said


@contextmanager
def start(script: str, checkout: Path) -> "Iterator[subprocess.Popen[str]]":
    """Run a shell with a script; kill it if the test fails meanwhile."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("EXPRESS_", "ALIBABA_"))}
    with subprocess.Popen(
        ("bash", "-c", script),
        cwd=checkout,
        env={**inherited, "PYTHONPATH": str(ROOT), "HOME": str(checkout)},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            process.kill()
