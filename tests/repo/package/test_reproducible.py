"""The same sources and lock give the same bytes, whichever Python runs the build."""

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

from express_sync.ops.packaging.package import build
from express_sync.ops.packaging.runtimes import RUNTIMES
from tests.repo.package.conftest import TEMPLATE, Built, base_interpreter
from tests.support.checkout import ROOT

BUILD = """
import json, sys
from pathlib import Path
from express_sync.ops.packaging.package import build
package = build(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), {}, python=sys.argv[4])
print(json.dumps([sys.version_info[1], package.sha256]))
"""


def _built_by(python: str, built: Built, out: Path) -> tuple[int, str]:
    """Return the minor version of the building Python, run with this environment's libraries, and the digest."""
    arguments = [str(TEMPLATE), built.package.runtime, str(out), built.python]
    environment = {"PYTHONPATH": f"{ROOT}:{sysconfig.get_path('purelib')}", "PATH": ""}
    ended = subprocess.run(
        [python, "-B", "-c", BUILD, *arguments], env=environment, capture_output=True, text=True, check=True
    )
    minor, digest = json.loads(ended.stdout)
    return minor, digest


def test_package_does_not_depend_on_the_building_python(built: Built, tmp_path: Path) -> None:
    """The fixture built the package with the Python of the tests, this test with that of the other runtime."""
    [other] = RUNTIMES.keys() - {built.package.runtime}
    minor, digest = _built_by(base_interpreter(other), built, tmp_path)
    assert f"python3.{minor}" == other
    assert digest == built.package.sha256


def test_package_without_bytecode_is_reproducible(tmp_path: Path) -> None:
    first, second = (
        build(TEMPLATE, "python3.10", tmp_path / each, {}, python="/nowhere", with_bytecode=False) for each in "ab"
    )
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.path.name == second.path.name
    assert sys.implementation.cache_tag.encode() not in first.path.read_bytes()
