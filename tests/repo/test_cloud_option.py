"""`pytest tests/local/conformance --cloud PROFILE` runs the conformance tests against the cloud of a profile."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import urllib3

from express_sync.local.cloud import CloudOptions, background
from tests.support.checkout import ROOT


def conformance(profile: str, configuration: Path) -> "subprocess.CompletedProcess[str]":
    """Run the conformance tests with profiles of this folder."""
    return subprocess.run(
        (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/local/conformance", "--cloud", profile),
        cwd=ROOT,
        env={**os.environ, "XDG_CONFIG_HOME": str(configuration)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_conformance_tests_use_the_cloud_of_a_profile(tmp_path: Path) -> None:
    (tmp_path / "express-sync").mkdir()
    with background(CloudOptions()) as running:
        (tmp_path / "express-sync" / "elsewhere.json").write_text(json.dumps(running.ready))
        ended = conformance("elsewhere", tmp_path)
        calls = urllib3.request("GET", f"{running.ready['mns']['endpoint']}/_local/calls").json()
    assert ended.returncode == 0, ended.stdout
    assert "needs the admin API, which only the local cloud has" in ended.stdout
    assert " passed, 2 skipped" in ended.stdout
    operations = Counter(call["operation"] for call in calls if not call["code"])
    assert operations["DeleteQueue"] >= operations["ListQueue"] > 0, "each test removes what it has created"


def test_missing_profile_is_refused_in_one_sentence(tmp_path: Path) -> None:
    ended = conformance("nowhere", tmp_path)
    assert (ended.returncode, ended.stdout) == (4, "")
    (sentence,) = ended.stderr.split("\n\n")[0].splitlines()
    assert sentence.startswith("ERROR: Profile 'nowhere' does not exist; write it to ")
