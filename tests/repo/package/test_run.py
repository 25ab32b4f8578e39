"""Runs the unpacked, read-only package in the local FC runtime with an interpreter without other libraries."""

from pathlib import Path

from express_sync.local.cloud import CloudOptions
from express_sync.ops.demo.display import Display
from express_sync.ops.demo.run import run
from express_sync.ops.demo.scenario import read
from tests.repo.package.conftest import Built
from tests.support.checkout import EVENTS
from tests.support.patience import PATIENCE_SECONDS

SCENARIO = EVENTS / "demo.json"


def _files(code: Path) -> set[Path]:
    return {path for path in code.rglob("*") if path.is_file()}


def test_package_alone_passes_the_demo_scenario(built: Built) -> None:
    files = _files(built.code)
    options = CloudOptions(code=built.code, python=built.python, runtime=built.package.runtime)
    report = run(read(SCENARIO), {}, Display(is_silent=True), PATIENCE_SECONDS, options)
    assert len(report.histories) >= 13
    assert [(each.sample.name, each.differences()) for each in report.unexpected] == []
    assert report.summary().is_good
    assert _files(built.code) == files, "a module was compiled at run time"
