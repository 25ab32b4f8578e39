"""The package at its work: unpacked, read-only, in the local FC runtime, with an interpreter that has nothing else."""

from pathlib import Path

from express_sync.local.cloud import CloudOptions
from express_sync.ops.demo.display import Display
from express_sync.ops.demo.run import run
from express_sync.ops.demo.scenario import read
from tests.repo.package.conftest import ROOT, Built
from tests.support.patience import PATIENCE_SECONDS

SCENARIO = ROOT / "events" / "demo.json"


def _files(code: Path) -> set[Path]:
    return {path for path in code.rglob("*") if path.is_file()}


def test_the_package_alone_brings_the_whole_scenario_to_the_expected_verdicts(built: Built) -> None:
    files = _files(built.code)
    options = CloudOptions(code=built.code, python=built.python, runtime=built.package.runtime)
    report = run(read(SCENARIO), {}, Display(is_silent=True), PATIENCE_SECONDS, options)
    assert len(report.histories) >= 13
    assert [(each.sample.name, each.differences()) for each in report.unexpected] == []
    assert report.summary().is_good
    assert _files(built.code) == files, "something was compiled that should have been shipped compiled"
