"""A staged directory into the bytes of an archive, by an interpreter of the Python that will read it.

Runs assemble.py in a process that differs from run to run in nothing that its result depends on.
"""

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from express_sync.ops.terminal.errors import CliError

_ASSEMBLE = Path(__file__).with_name("archive.py")
# Without site-packages; and without the columns of each instruction, which nobody reads and which are a fifth of
# Python 3.12's bytecode.
_OPTIONS = ("-s", "-S", "-B", "-X", "no_debug_ranges")
_ENVIRONMENT = {"PYTHONHASHSEED": "0"}  # on which the order of constants depends


def packed(python: str, staged: Path, own: Sequence[str]) -> bytes:
    """The archive of what lies in `staged`: compiled by `python`, with sources only in the packages `own`.

    Nothing is compiled if `own` is empty. CliError if a source cannot be compiled.
    """
    with tempfile.TemporaryDirectory(prefix="express-sync-package-") as temporary:
        archive = Path(temporary, "function.zip")
        command = [python, *_OPTIONS, str(_ASSEMBLE), str(staged), str(archive), *own]
        ended = subprocess.run(  # noqa: S603 - an interpreter that was asked for its version, and our own script
            command, env=_ENVIRONMENT, capture_output=True, text=True, check=False
        )
        if ended.returncode:
            reason = (ended.stderr.strip().splitlines() or ["it does not say why"])[-1]
            raise CliError(
                f"{python} cannot compile the package ({reason}); correct the source, or let another Python compile"
                " it by `express-sync package --python PATH`."
            )
        return archive.read_bytes()
