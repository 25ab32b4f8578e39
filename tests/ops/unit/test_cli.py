"""Wrong usage of the command line ends with one sentence and exit code 2, never with a traceback."""

import errno
import io
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

from express_sync.ops.cli import COMMANDS, commands, main
from express_sync.paths import TEMPLATE


def _ends(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    monkeypatch.setattr(sys, "argv", ["express-sync", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


@pytest.mark.parametrize(
    ("arguments", "named", "place"),
    [
        (("frob",), "frob", "express-sync --help"),
        (("watch", "--timeout", "0"), "--timeout", "express-sync watch --help"),
        (("watch", "--timeout", "nan"), "nan is not a finite number", "express-sync watch --help"),
        (("submit", "--timeout", "nan"), "--timeout", "express-sync submit --help"),
        (("demo", "--timeout", "inf"), "inf is not a finite number", "express-sync demo --help"),
        (("replay", "--timeout", "nan"), "--timeout", "express-sync replay --help"),
        (("replay", "--rate", "nan"), "--rate", "express-sync replay --help"),
        (("up", "--clock-factor", "nan"), "--clock-factor", "express-sync up --help"),
        (("submit", "--nope"), "--nope", "express-sync submit --help"),
        (("invoke",), "EVENT_FILE", "express-sync invoke --help"),
        (("up", "extra"), "extra", "express-sync up --help"),
    ],
)
def test_wrong_usage_is_one_sentence_that_names_the_help(
    arguments: tuple[str, ...],
    named: str,
    place: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Click's usage block is not printed."""
    assert _ends(monkeypatch, *arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith("express-sync: ")
    assert named in said.err
    assert said.err.endswith(f" See {place}.\n")


@pytest.mark.parametrize("arguments", [(), ("failures",)], ids=["alone", "a group alone"])
def test_missing_command_prints_the_help(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The help is printed as it is, and the exit code is 2."""
    assert _ends(monkeypatch, *arguments) == 2
    said = capsys.readouterr()
    assert said.err.startswith("Usage: express-sync ")
    assert "Examples" in said.err or "Start here" in said.err
    assert "express-sync: " not in said.err
    assert " --help." not in said.err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("up",),
        ("demo",),
        ("submit",),
        ("watch",),
        ("failures",),
        ("failures", "list"),
        ("failures", "show"),
        ("replay",),
    ],
    ids=" ".join,
)
def test_help_fits_a_terminal_of_80_columns(arguments: tuple[str, ...]) -> None:
    """Examples and tables are not folded, so they must be short enough."""
    shown = CliRunner().invoke(commands, [*arguments, "--help"], terminal_width=80)
    assert shown.exit_code == 0
    assert [line for line in shown.output.splitlines() if len(line) > 80] == []


def test_help_lists_the_commands_of_the_table() -> None:
    """The order and the texts are those of the table."""
    shown = CliRunner().invoke(commands, ["--help"], terminal_width=200).stdout
    listed = re.findall(r"^  (\w+) +(.+)$", shown.partition("\nCommands:\n")[2], re.MULTILINE)
    assert listed == list(COMMANDS.items())


def _imported_by(*arguments: str) -> list[str]:
    """Return the modules that a command line has imported at its end."""
    code = (
        "import sys; from express_sync.ops.cli import commands;"
        f"commands.main({list(arguments)}, standalone_mode=False);"
        "print('Imported:', *sys.modules)"
    )
    root = str(TEMPLATE.parent)
    shown = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    return shown.stdout.splitlines()[-1].split()


def test_help_imports_no_command() -> None:
    """Some commands take half a second to import, and asyncio a third of what the help needs."""
    found = _imported_by("--help")
    assert [name for name in found if name == "asyncio" or name.startswith("express_sync.ops.commands")] == []


@pytest.mark.parametrize(
    ("arguments", "needless"),
    [
        (("submit",), ("urllib3",)),
        (("replay",), ("urllib3",)),
        (("watch",), ("rich.progress", "urllib3")),
        (("failures", "list"), ("rich.progress", "urllib3")),
    ],
    ids=" ".join,
)
def test_frequent_command_starts_without_needless_libraries(
    arguments: tuple[str, ...], needless: tuple[str, ...]
) -> None:
    """Only a deferral that is shown, and a replay that invokes the function, need urllib3."""
    assert {*needless}.isdisjoint(_imported_by(*arguments, "--help"))


@pytest.mark.parametrize(
    "arguments", [("portal", "--help"), ("portal", "token", "--help"), ("up", "--help")], ids=" ".join
)
def test_database_library_is_not_imported_without_need(arguments: tuple[str, ...]) -> None:
    """It takes 300 ms."""
    assert "sqlalchemy" not in _imported_by(*arguments)


class _Closed(io.StringIO):
    def write(self, _: str) -> int:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")


def test_closed_output_has_an_exit_code_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """`doctor | head -1` must not look like a failed check."""
    monkeypatch.setattr(sys, "stdout", _Closed())
    assert _ends(monkeypatch, "--help") == 141


class _Full(io.StringIO):
    def write(self, _: str) -> int:
        raise OSError(28, "No space left on device")


def test_unwritable_output_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A full disk does not cause a traceback."""
    monkeypatch.setattr(sys, "stdout", _Full())
    assert _ends(monkeypatch, "--help") == 2
    assert "No space left on device" in capsys.readouterr().err


def test_bug_is_reported_by_type_and_place(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Its text, its cause and the traceback are not printed, because they may contain a key."""

    def quoting(**_: object) -> None:
        raise ValueError("Invalid header value b'planted-token'") from KeyError("planted-token")

    monkeypatch.setattr(commands, "main", quoting)
    assert _ends(monkeypatch) == 2
    said = capsys.readouterr()
    assert re.fullmatch(
        r"express-sync: This is a bug in express-sync \(ValueError at express_sync\.ops\.cli:\d+\);"
        r" report it with the command\.\n",
        said.err,
    )
    assert said.out == ""
