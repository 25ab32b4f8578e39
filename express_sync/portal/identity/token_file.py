"""The file with the portal's tokens: read again as soon as it changes, so that a revocation holds at once."""

import fcntl
import json
import logging
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from express_sync.portal.identity.tokens import InvalidTokenFileError, Token, parse

LOGGER = logging.getLogger(__name__)
DEFAULT_TOKEN_FILE = Path(".config") / "express-sync" / "portal-tokens.json"  # below the home directory
MAX_BYTES = 2**20  # several thousand tokens

Version = tuple[int, int, int]


class TokenFile:
    """The tokens in a file, for a running portal. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._version: Version | None = None
        self._tokens: tuple[Token, ...] = ()

    def tokens(self) -> Sequence[Token]:
        """Return the tokens that are in the file now; none if it is missing or cannot be used, which is logged."""
        with self._lock:
            version = _version(self._path)
            if version != self._version:
                self._version, self._tokens = version, self._read() if version else ()
            return self._tokens

    def _read(self) -> tuple[Token, ...]:
        try:
            return read(self._path)
        except (OSError, InvalidTokenFileError) as error:
            LOGGER.warning("The token file cannot be used (%s), so that its tokens are refused.", type(error).__name__)
            return ()


def read(path: Path) -> tuple[Token, ...]:
    """Return the tokens in a file. OSError, InvalidTokenFileError."""
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise InvalidTokenFileError(f"a token file has at most {MAX_BYTES} bytes")
    try:
        return parse(json.loads(content))
    except (ValueError, RecursionError) as error:
        if isinstance(error, InvalidTokenFileError):
            raise
        raise InvalidTokenFileError("a token file is a JSON object in UTF-8") from None


def change(path: Path, change_tokens: Callable[[Sequence[Token]], Sequence[Token]]) -> None:
    """Replace the tokens in a file by what the function returns for them; one process at a time.

    OSError, InvalidTokenFileError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path.with_name(f"{path.name}.lock")):
        known: Sequence[Token] = ()
        with suppress(FileNotFoundError):
            known = read(path)
        documents = [token.document() for token in change_tokens(known)]
        _write(path, json.dumps({"tokens": documents}, indent=2) + "\n")


def _version(path: Path) -> Version | None:
    """Return what changes with the content of a file; None if it cannot be found."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _write(path: Path, text: str) -> None:
    """Replace a file by one that only its owner may read; a running portal finds all of it or nothing."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False) as draft:
        draft.write(text)
    Path(draft.name).replace(path)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
