"""The locked wheels of a runtime in a cache directory: downloaded by pip if missing, verified every time."""

import hashlib
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from express_sync.ops.packaging.lock import Pin
from express_sync.ops.packaging.runtimes import Runtime, run_python
from express_sync.ops.terminal.errors import CliError

_MAX_REASON = 200


def wheels(pins: Sequence[Pin], runtime: Runtime, cache: Path) -> tuple[Path, ...]:
    """Return the wheel of every pin, in order. Raise CliError if one is missing and cannot be downloaded."""
    folder = cache / runtime.name
    missing = [pin for pin in pins if _cached(pin, folder) is None]
    if missing:
        _download(missing, runtime, folder)
    return tuple(_verified(pin, folder) for pin in pins)


def _verified(pin: Pin, folder: Path) -> Path:
    wheel = _cached(pin, folder)
    if wheel is None:
        raise CliError(f"The wheel of {pin.name} in {folder} does not match the lock; remove it and try again.")
    return wheel


def _cached(pin: Pin, folder: Path) -> Path | None:
    """Return the cached wheel of a pin, None without one; a wheel with another hash is deleted."""
    for wheel in sorted(folder.glob("*.whl")):
        if _is_wheel_of(wheel, pin):
            if hashlib.sha256(wheel.read_bytes()).hexdigest() in pin.sha256:
                return wheel
            wheel.unlink()
    return None


def _is_wheel_of(wheel: Path, pin: Pin) -> bool:
    try:
        name, version, _, _ = parse_wheel_filename(wheel.name)
    except InvalidWheelFilename:
        return False
    return (canonicalize_name(name), str(version)) == (pin.name, pin.version)


def _download(missing: Sequence[Pin], runtime: Runtime, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Wheels are moved when complete: a concurrent build must never see part of a wheel.
        with tempfile.TemporaryDirectory(dir=folder) as beside:
            lock = Path(beside, "lock.txt")
            lock.write_text("".join(f"{pin.line()}\n" for pin in missing), encoding="utf-8")
            process = run_python(sys.executable, _pip_arguments(runtime, lock, Path(beside)))
            for wheel in Path(beside).glob("*.whl"):
                wheel.replace(folder / wheel.name)
    except OSError as error:
        raise CliError(f"Wheels cannot be written to {folder} ({error.strerror}); make it writable.") from error
    if process.returncode:
        names = ", ".join(pin.name for pin in missing)
        raise CliError(
            f"pip cannot download {names} for {runtime.name} ({_reason(process.stderr)}); check the network and the"
            " settings of pip, and try again."
        )


def _pip_arguments(runtime: Runtime, lock: Path, folder: Path) -> list[str]:
    target = ["--platform", runtime.platform, "--implementation", "cp", "--python-version", runtime.version]
    locked = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--requirement", str(lock)]
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
    return ["-m", "pip", "download", *quiet, *target, *locked, "--dest", str(folder)]


def _reason(stderr: str) -> str:
    lines = [line.removeprefix("ERROR: ") for line in stderr.splitlines() if line.startswith("ERROR: ")]
    fallback = stderr.strip().splitlines()[-1:] or ["no reason given"]
    return (lines or fallback)[0][:_MAX_REASON].rstrip(".")
