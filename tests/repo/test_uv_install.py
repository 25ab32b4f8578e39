"""The settings of pip apply to uv, too."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.uv_install import pip_settings, untranslated, uv_environment, uv_options

CONFIGURED = """
[global]
index-url = https://user:password@example.com/simple?a=b
cert = /global.pem
timeout = 50
[install]
find_links = /wheels
             file:///other
timeout = 60
cert = /install.pem
[download]
no-binary = :all:
"""


def of_cache(settings: dict[str, str], **environment: str) -> dict[str, str]:
    """Return what is set for the cache of uv."""
    names = ("UV_CACHE_DIR", "UV_NO_CACHE")
    return {name: value for name, value in uv_environment(settings, environment).items() if name in names}


def test_pip_settings_are_read_as_pip_reads_them(tmp_path: Path) -> None:
    """A section of its own precedes the global one, a variable both; an empty value is ignored."""
    (tmp_path / "pip.conf").write_text(CONFIGURED)
    variables = {"PIP_CONFIG_FILE": str(tmp_path / "pip.conf"), "PIP_CERT": "/variable.pem", "PIP_TIMEOUT": ""}
    command = [sys.executable, "-m", "pip", "config", "list", "--verbose"]
    listing = subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout
    settings = pip_settings(listing)
    expected = {
        "index-url": "https://user:password@example.com/simple?a=b",
        "find-links": "/wheels\nfile:///other",
        "cert": "/variable.pem",
        "timeout": "60",
    }
    assert {name: settings[name] for name in expected} == expected
    assert "no-binary" not in settings


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("cert", "/own ca.pem", {"SSL_CERT_FILE": "/own ca.pem"}),
        ("client-cert", "/client.pem", {"SSL_CLIENT_CERT": "/client.pem"}),
        ("default-timeout", "180", {"UV_HTTP_TIMEOUT": "180"}),
        ("extra-index-url", "\nfile:///one\nfile:///two", {"UV_INDEX": "file:///one file:///two"}),
        ("find-links", "/one\n/two", {"UV_FIND_LINKS": "/one,/two"}),
        ("index-url", "https://example.com", {"UV_DEFAULT_INDEX": "https://example.com"}),
        ("proxy", "http://one:80", {"HTTP_PROXY": "http://one:80", "HTTPS_PROXY": "http://one:80"}),
        ("retries", "9", {"UV_HTTP_RETRIES": "9"}),
        ("timeout", "60", {"UV_HTTP_TIMEOUT": "60"}),
        ("trusted-host", "one\ntwo:80", {"UV_INSECURE_HOST": "one two:80"}),
    ],
)
def test_setting_of_pip_is_translated(setting: str, value: str, expected: dict[str, str]) -> None:
    assert uv_environment({setting: value}, {}).items() >= expected.items()
    assert untranslated([setting]) == []


@pytest.mark.parametrize(("value", "options"), [("1", ["--no-index"]), ("True", ["--no-index"]), ("0", []), ("", [])])
def test_no_index_is_translated(value: str, options: list[str]) -> None:
    assert uv_options({"no-index": value})[3:] == options


def test_setting_that_uv_lacks_is_untranslated() -> None:
    assert untranslated(["quiet", "pre", "constraint", "no-binary"]) == ["no-binary", "pre"]


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_of_pip_are_those_of_uv(variable: str) -> None:
    assert uv_environment({}, {variable: "/own.pem"})["SSL_CERT_FILE"] == "/own.pem"
    assert uv_environment({"cert": "/pip.pem"}, {variable: "/own.pem"})["SSL_CERT_FILE"] == "/pip.pem"


def test_environment_of_uv_has_what_concerns_others_too() -> None:
    user = {"PATH": "/bin", "UV_TARGET": "/elsewhere", "UV_LINK_MODE": "symlink", "NO_PROXY": "localhost"}
    kept = {"PATH": "/bin", "NO_PROXY": "localhost", "UV_LINK_MODE": "copy"}
    assert uv_environment({}, user).items() >= kept.items()
    assert "UV_TARGET" not in uv_environment({}, user)


def test_cache_of_uv_is_where_the_user_wants_it(tmp_path: Path) -> None:
    home, other = str(tmp_path), str(tmp_path / "other")
    assert of_cache({}, HOME=home) == {"UV_CACHE_DIR": f"{home}/.cache/uv"}
    assert of_cache({}, HOME=home, XDG_CACHE_HOME=other) == {"UV_CACHE_DIR": f"{other}/uv"}
    assert of_cache({"cache-dir": other}, HOME=home) == {"UV_CACHE_DIR": f"{other}/uv"}
    assert of_cache({"cache-dir": home}, HOME=home, UV_CACHE_DIR=other) == {"UV_CACHE_DIR": other}
    assert of_cache({"no-cache-dir": "1"}, HOME=home) == {"UV_NO_CACHE": "true"}
    assert of_cache({}, HOME=home, UV_NO_CACHE="1") == {"UV_NO_CACHE": "true"}


@pytest.mark.parametrize("home", ["/dev/null", "relative", ""])
def test_uv_uses_no_cache_that_cannot_be_written(home: str) -> None:
    """Root may write into a read-only folder, but not below a file."""
    assert of_cache({}, HOME=home) == {"UV_NO_CACHE": "true"}


def test_root_uses_no_cache_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With sudo, HOME may be the user's, who could not write to the cache afterwards."""
    if os.geteuid() == 0:
        os.chown(tmp_path, 12345, -1)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert of_cache({}, HOME=str(tmp_path)) == {"UV_NO_CACHE": "true"}
