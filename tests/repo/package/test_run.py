"""The package at its work: unpacked, read-only, in the local FC runtime, with an interpreter that has nothing else."""

import time
from pathlib import Path
from typing import Any

from express_sync.local.cloud import CloudOptions, background
from express_sync.ops.demo.runner import Stage
from express_sync.ops.demo.scenario import Act, read
from express_sync.ops.queues.client import queue
from handler.credentials import Credentials
from tests.repo.package.conftest import ROOT, Built
from tests.support.patience import PATIENCE_SECONDS

SCENARIO = ROOT / "events" / "demo.json"


def _stage(ready: dict[str, Any]) -> Stage:
    key = Credentials(ready["accessKeyId"], ready["accessKeySecret"])
    return Stage(queue(ready, "requestQueue", key), queue(ready, "resultQueue", key), ready["sgw"]["endpoint"])


def _surprises(stage: Stage, acts: tuple[Act, ...], until: float) -> list[tuple[str, list[str]]]:
    outcomes = dict(stage.play(acts, lambda: until - time.monotonic()))
    return [
        (act.name, act.surprises(outcomes[place]) if place in outcomes else ["has no verdict"])
        for place, act in enumerate(acts)
    ]


def _files(code: Path) -> set[Path]:
    return {path for path in code.rglob("*") if path.is_file()}


def test_the_package_alone_brings_the_whole_scenario_to_the_expected_verdicts(built: Built) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    files = _files(built.code)
    found: list[tuple[str, list[str]]] = []
    with background(CloudOptions(code=built.code, python=built.python, runtime=built.package.runtime)) as cloud:
        stage = _stage(cloud.ready)
        for each in read(SCENARIO):
            found.extend(_surprises(stage, each.acts, until))
    assert len(found) >= 13
    assert [(name, differences) for name, differences in found if differences] == []
    assert _files(built.code) == files, "something was compiled that should have been shipped compiled"
