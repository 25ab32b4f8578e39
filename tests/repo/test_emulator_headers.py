"""Each module that emulates a service says in its header what it reproduces, what is chosen and what is unknown."""

import ast

from tests.support.checkout import ROOT

MARKS = ("Reproduces", "Does not reproduce", "Chosen", "Unknown", "Believed", "Verified")
# The parts of the emulators without behaviour of a service: admin APIs, data structures, composition.
PLUMBING = {
    f"express_sync/local/{name}.py"
    for name in (
        *("fc/admin", "fc/invocation_log", "fc/kill_switch", "fc/output", "fc/runtime"),
        *("mns/admin", "mns/engine/alarm", "mns/engine/index", "mns/engine/schedule", "mns/faults", "mns/long_polls"),
        *("mns/operation", "sgw/admin", "trigger/admin", "trigger/triggers"),
    )
}


def headers() -> dict[str, str]:
    """Return the docstring of every module of an emulator or a double, by its path."""
    folders = [ROOT / "express_sync/local" / name for name in ("fc", "mns", "openapi", "sgw", "template", "trigger")]
    folders += [ROOT / "tests/doubles" / name for name in ("oss", "ros")]
    paths = [path for folder in folders for path in folder.rglob("*.py") if path.name != "__init__.py"]
    return {
        path.relative_to(ROOT).as_posix(): ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        for path in paths
    }


def test_modules_that_emulate_say_how_far() -> None:
    """A module without any of the words is listed as plumbing, and only such a one."""
    unmarked = {path for path, header in headers().items() if not any(mark in header for mark in MARKS)}
    assert unmarked == PLUMBING


def test_each_emulator_names_a_source() -> None:
    """A page of the documentation, a recording, an SDK, or an issue of one."""
    said = headers()
    for service in ("express_sync/local/fc", "express_sync/local/mns", "express_sync/local/sgw", "tests/doubles/ros"):
        text = " ".join(header for path, header in said.items() if path.startswith(service))
        assert any(word in text for word in ("page", "recorded", "SDK")), service
