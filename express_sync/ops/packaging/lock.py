"""Reads requirements/function.txt, the lock of the shipped libraries: the pins for one runtime, each with its hashes.

pip would evaluate the markers of the lock for the Python that runs it, not for the target; so they are evaluated here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from express_sync.ops.packaging.runtimes import Runtime
from express_sync.ops.terminal.errors import CliError

_HASH = re.compile(r"\s--hash=sha256:([0-9a-f]{64})")
_LINUX = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "sys_platform": "linux",
}


@dataclass(frozen=True, slots=True)
class Pin:
    """A distribution with an exact version; `sha256` contains the hashes of all files that may be used."""

    name: str
    version: str
    sha256: frozenset[str]

    def line(self) -> str:
        """Return the pin in pip's format."""
        return " ".join([f"{self.name}=={self.version}", *(f"--hash=sha256:{each}" for each in sorted(self.sha256))])


def pins(lock: Path, runtime: Runtime) -> tuple[Pin, ...]:
    """Return the pins for the runtime. Raise CliError if the lock is not readable or a pin has no version or hash."""
    try:
        return tuple(_pins(lock.read_text(encoding="utf-8"), runtime))
    except OSError as error:
        raise CliError(f"{lock} cannot be read ({error.strerror}); create it with `make lock`.") from error
    except UnicodeDecodeError as error:
        raise CliError(f"{lock} is not a lock with hashes (it is not text); create it with `make lock`.") from error
    except (ValueError, InvalidRequirement) as error:
        reason = " ".join(str(error).split())  # an invalid requirement is described in three lines
        raise CliError(f"{lock} is not a lock with hashes ({reason}); create it with `make lock`.") from error


def _pins(text: str, runtime: Runtime) -> Iterator[Pin]:
    python = {"python_version": runtime.version, "python_full_version": f"{runtime.version}.0"}
    for entry in text.replace("\\\n", " ").splitlines():
        if not entry.strip() or entry.startswith("#"):
            continue
        requirement = Requirement(_HASH.sub("", entry))
        if requirement.marker is None or requirement.marker.evaluate({**_LINUX, **python}):
            yield Pin(canonicalize_name(requirement.name), _version(requirement), _hashes(entry, requirement))


def _version(requirement: Requirement) -> str:
    exact = [each.version for each in requirement.specifier if each.operator == "=="]
    if not exact:
        raise ValueError(f"{requirement.name} has no exact version")
    return exact[0]


def _hashes(entry: str, requirement: Requirement) -> frozenset[str]:
    found = frozenset(_HASH.findall(entry))
    if not found:
        raise ValueError(f"{requirement.name} has no hash")
    return found
