"""The pinned wheels of a runtime, kept in a directory: fetched by pip where they are missing, verified every time.

Must not know what is in them.
"""

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from express_sync.ops.packaging.lock import Pin
from express_sync.ops.packaging.runtimes import Runtime
from express_sync.ops.terminal.errors import CliError

_LONGEST_REASON = 200


def wheels(pins: Sequence[Pin], runtime: Runtime, cache: Path) -> tuple[Path, ...]:
    """The wheel of every pin, in order, out of `cache`. CliError if one is not there and cannot be fetched."""
    folder = cache / runtime.name
    missing = [pin for pin in pins if _kept(pin, folder) is None]
    if missing:
        _fetch(missing, runtime, folder)
    return tuple(_verified(pin, folder) for pin in pins)


def _verified(pin: Pin, folder: Path) -> Path:
    wheel = _kept(pin, folder)
    if wheel is None:
        raise CliError(f"{pin.name} was fetched into {folder} and is not what the lock pins; remove it and try again.")
    return wheel


def _kept(pin: Pin, folder: Path) -> Path | None:
    """The pin's wheel if it is there and is what the lock says; one that is not is removed."""
    for wheel in sorted(folder.glob("*.whl")):
        if _is_called(wheel, pin):
            if hashlib.sha256(wheel.read_bytes()).hexdigest() in pin.sha256:
                return wheel
            wheel.unlink()
    return None


def _is_called(wheel: Path, pin: Pin) -> bool:
    try:
        name, version, _, _ = parse_wheel_filename(wheel.name)
    except InvalidWheelFilename:
        return False
    return (canonicalize_name(name), str(version)) == (pin.name, pin.version)


def _fetch(missing: Sequence[Pin], runtime: Runtime, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Taken over whole, one by one: a build beside this one must never see half a wheel.
        with tempfile.TemporaryDirectory(dir=folder) as beside:
            lock = Path(beside, "lock.txt")
            lock.write_text("".join(f"{pin.line()}\n" for pin in missing), encoding="utf-8")
            ended = subprocess.run(  # noqa: S603 - pip of this very interpreter, with pins of the lock
                _download(runtime, lock, Path(beside)), capture_output=True, text=True, check=False
            )
            for wheel in Path(beside).glob("*.whl"):
                wheel.replace(folder / wheel.name)
    except OSError as error:
        raise CliError(f"Wheels cannot be kept in {folder} ({error.strerror}); make it writable.") from error
    if ended.returncode:
        names = ", ".join(pin.name for pin in missing)
        raise CliError(
            f"pip cannot fetch {names} for {runtime.name} ({_reason(ended.stderr)}); see to the network and to pip's "
            "settings, and try again."
        )


def _download(runtime: Runtime, lock: Path, folder: Path) -> list[str]:
    built_for = ["--platform", runtime.platform, "--implementation", "cp", "--python-version", runtime.version]
    exactly = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--requirement", str(lock)]
    quietly = ["--quiet", "--disable-pip-version-check", "--no-input"]
    return [sys.executable, "-m", "pip", "download", *quietly, *built_for, *exactly, "--dest", str(folder)]


def _reason(said: str) -> str:
    lines = [line.removeprefix("ERROR: ") for line in said.splitlines() if line.startswith("ERROR: ")]
    fallback = said.strip().splitlines()[-1:] or ["it does not say why"]
    return (lines or fallback)[0][:_LONGEST_REASON].rstrip(".")
