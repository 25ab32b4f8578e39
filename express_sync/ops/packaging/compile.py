"""Archives a staged directory with an interpreter of the runtime's Python version.

archive.py runs in a process whose settings are always the same, so that the result is, too.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from express_sync.ops.packaging.runtimes import run_python
from express_sync.ops.terminal.errors import CliError

_ARCHIVE = Path(__file__).with_name("archive.py")
# Without site-packages; and without the columns of each instruction, which make up a fifth of Python 3.12's bytecode.
_OPTIONS = ("-s", "-S", "-B", "-X", "no_debug_ranges")
_ENVIRONMENT = {"PYTHONHASHSEED": "0"}  # determines the order of constants


def archived(python: str, staged: Path, own: Sequence[str]) -> bytes:
    """Return an archive of `staged`, compiled by `python`, with sources only in the packages `own`.

    Nothing is compiled if `own` is empty. Raise CliError if a source cannot be compiled.
    """
    with tempfile.TemporaryDirectory(prefix="express-sync-package-") as temporary:
        archive = Path(temporary, "function.zip")
        process = run_python(python, [*_OPTIONS, str(_ARCHIVE), str(staged), str(archive), *own], _ENVIRONMENT)
        if process.returncode:
            reason = (process.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise CliError(
                f"{python} cannot compile the package ({reason}); correct the source, or choose another interpreter"
                " with `express-sync package --python PATH`."
            )
        return archive.read_bytes()
