"""Installs packages with uv under the settings of pip; run by requirements/set-up.sh, which uses pip where this fails.

uv is much faster than pip but reads none of its settings, so they are translated. This imports the standard library
only, because it runs before anything else is installed.
"""

import ast
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

_LOCK = Path("requirements/uv.txt")
# setting of pip: the variables that tell uv the same
_VARIABLES = {
    "cert": ("SSL_CERT_FILE",),
    "client-cert": ("SSL_CLIENT_CERT",),
    "default-timeout": ("UV_HTTP_TIMEOUT",),
    "extra-index-url": ("UV_INDEX",),
    "find-links": ("UV_FIND_LINKS",),
    "index-url": ("UV_DEFAULT_INDEX",),
    "proxy": ("HTTP_PROXY", "HTTPS_PROXY"),
    "retries": ("UV_HTTP_RETRIES",),
    "timeout": ("UV_HTTP_TIMEOUT",),
    "trusted-host": ("UV_INSECURE_HOST",),
}
# Settings that change nothing about where locked packages come from, or that are read below.
_OTHERS = {
    "break-system-packages",
    "cache-dir",
    "config-file",
    "constraint",
    "disable-pip-version-check",
    "log",
    "no-cache-dir",
    "no-color",
    "no-compile",
    "no-index",
    "no-input",
    "no-python-version-warning",
    "no-warn-script-location",
    "prefer-binary",
    "progress-bar",
    "quiet",
    "require-virtualenv",
    "root-user-action",
    "user",
    "verbose",
}


def pip_settings(listing: str) -> dict[str, str]:
    """Return the settings of `pip install` in what `pip config list` shows."""
    sections: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}  # the later takes precedence
    for line in listing.splitlines():
        name, _, value = line.partition("=")
        section, _, setting = name.partition(".")
        if section in sections:
            sections[section][setting] = ast.literal_eval(value)
    return {setting: value for section in sections.values() for setting, value in section.items() if value}


def untranslated(settings: Iterable[str]) -> list[str]:
    """Return the settings that only pip can follow."""
    return sorted(set(settings) - _VARIABLES.keys() - _OTHERS)


def uv_options(settings: Mapping[str, str]) -> list[str]:
    """Return the options with which uv looks for packages where pip does."""
    is_offline = settings.get("no-index", "").lower() in {"y", "yes", "t", "true", "on", "1"}
    # pip compares all indexes. The hashes of the locks exclude what uv calls unsafe about that.
    return ["--no-config", "--index-strategy", "unsafe-best-match", *(["--no-index"] if is_offline else [])]


def uv_environment(settings: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of uv, without the variables for uv that the user has set, except for its cache."""
    kept = {name: value for name, value in environment.items() if not name.startswith("UV_")}
    bundle = environment.get("REQUESTS_CA_BUNDLE") or environment.get("CURL_CA_BUNDLE")  # which pip reads, too
    translated = {
        name: ("," if setting == "find-links" else " ").join(value.split())
        for setting, value in {**({"cert": bundle} if bundle else {}), **settings}.items()
        for name in _VARIABLES.get(setting, ())
    }
    # Copied, because a library that is edited would be edited in the cache if it were linked, and installed so later.
    fixed = {"UV_LINK_MODE": "copy", "UV_SYSTEM_CERTS": "true"}
    return {**kept, **translated, **fixed, **_cache(settings, environment)}


def _cache(settings: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    beside_pip = "cache-dir" in settings and Path(settings["cache-dir"], "uv").expanduser()
    default = Path(environment.get("XDG_CACHE_HOME") or Path(environment.get("HOME", ""), ".cache"), "uv")
    folder = Path(environment.get("UV_CACHE_DIR") or beside_pip or default)
    is_wanted = "no-cache-dir" not in settings and "UV_NO_CACHE" not in environment
    return {"UV_CACHE_DIR": str(folder)} if is_wanted and _is_usable(folder) else {"UV_NO_CACHE": "true"}


def _is_usable(folder: Path) -> bool:
    existing = next(each for each in (folder, *folder.parents) if os.access(each, os.F_OK))
    is_foreign = os.geteuid() == 0 != existing.stat().st_uid  # with sudo: the user could not write to it afterwards
    return folder.is_absolute() and existing.is_dir() and os.access(existing, os.W_OK) and not is_foreign


def install(venv: Path, arguments: list[str]) -> int:
    """Install what the arguments of `uv pip install` name into an environment; return the exit code of uv."""
    python, uv = str(venv / "bin" / "python"), str(venv / "bin" / "uv")
    loud = {**os.environ, "PIP_QUIET": "0"}
    listing = subprocess.run(
        [python, "-m", "pip", "config", "list"], env=loud, stdout=subprocess.PIPE, text=True, check=True
    )
    settings = pip_settings(listing.stdout)
    if names := untranslated(settings):
        sys.exit(f"only pip can follow its settings: {', '.join(names)}")
    if not _is_installed(venv):
        # One retry, because pip takes over if the index cannot be reached, and retries then.
        quiet = ["--quiet", "--disable-pip-version-check"]
        locked = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--retries", "1", "-r", str(_LOCK)]
        subprocess.run([python, "-m", "pip", *quiet, "install", *locked], check=True)
    options = ["--quiet", "--python", python, "--no-deps", *uv_options(settings)]
    command = [uv, "pip", "install", *options, *arguments]
    return subprocess.run(command, env=uv_environment(settings, os.environ), check=False).returncode


def _is_installed(venv: Path) -> bool:
    pinned = _LOCK.read_text("utf-8").split()[0].replace("==", "-")
    return any(venv.glob(f"lib/python*/site-packages/{pinned}.dist-info"))


if __name__ == "__main__":
    sys.exit(install(Path(sys.argv[1]), sys.argv[2:]))
