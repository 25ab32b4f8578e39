"""The lock of what is shipped, requirements/function.txt: the pins that hold for one runtime, each with its hashes.

pip would judge the lock's markers by the Python that runs it, not by the one it downloads for; so they are judged here.
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
    """One distribution at one version; `sha256` of every file of it that may be used."""

    name: str
    version: str
    sha256: frozenset[str]

    def line(self) -> str:
        """The pin as pip reads it."""
        return " ".join([f"{self.name}=={self.version}", *(f"--hash=sha256:{each}" for each in sorted(self.sha256))])


def pins(lock: Path, runtime: Runtime) -> tuple[Pin, ...]:
    """What the lock pins for the runtime. CliError if it is unreadable or a version or hash is missing."""
    try:
        return tuple(_pins(lock.read_text(encoding="utf-8"), runtime))
    except OSError as error:
        raise CliError(f"{lock} cannot be read ({error.strerror}); make it with `make lock`.") from error
    except UnicodeDecodeError as error:
        raise CliError(f"{lock} is no lock with hashes (it is not text); make it with `make lock`.") from error
    except (ValueError, InvalidRequirement) as error:
        why = " ".join(str(error).split())  # what is no requirement is drawn over three lines
        raise CliError(f"{lock} is no lock with hashes ({why}); make it with `make lock`.") from error


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
