"""The directories of the user, by the conventions of the platform; a process may have none of them.

Sources: the XDG Base Directory Specification; Apple's File System Programming Guide; Windows' Known Folders.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

APPLICATION = "express-sync"


def home(environment: Mapping[str, str]) -> Path | None:
    """Return the home directory, None if the environment and the system name none."""
    if environment.get("HOME"):
        return Path(environment["HOME"])
    try:
        return Path("~").expanduser()
    except RuntimeError:
        return None


def config_directories(environment: Mapping[str, str], platform: str = sys.platform) -> tuple[Path, ...]:
    """Return where the user's profiles may be, the preferred directory first."""
    return _directories(environment, platform, "XDG_CONFIG_HOME", "APPDATA", ".config")


def user_state_directory(environment: Mapping[str, str], platform: str = sys.platform) -> Path | None:
    """Return where to keep what is only of use on this machine, None without a home directory."""
    found = _directories(environment, platform, "XDG_STATE_HOME", "LOCALAPPDATA", ".local/state")
    return found[0] if found else None


def is_file(path: Path) -> bool:
    """Return whether `path` is a file; False also if its directory must not be searched."""
    try:
        return path.is_file()
    except OSError:  # of some errors only: a forbidden directory before Python 3.14, a name that is too long
        return False


def _directories(
    environment: Mapping[str, str], platform: str, xdg: str, windows: str, below_home: str
) -> tuple[Path, ...]:
    chosen, base = environment.get(xdg, ""), home(environment)
    found = [Path(chosen)] if Path(chosen).is_absolute() else []  # the specification ignores relative ones
    if platform == "win32" and environment.get(windows):
        found.append(Path(environment[windows]))
    if base is not None and not found:
        found += [base / "Library" / "Application Support"] if platform == "darwin" else []
        found.append(base / below_home)
    return tuple(path / APPLICATION for path in found)
