"""What to say about a database of the portal that cannot be used."""

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from express_sync.ops.terminal.errors import CliError

# The messages of SQLite that say what to do about a file. Other texts may contain the URL with its password.
_REASONS = (
    "attempt to write a readonly database",
    "database is locked",
    "database or disk is full",
    "disk I/O error",
    "file is not a database",
    "no such table",
    "unable to open database file",
)


def unusable(error: SQLAlchemyError, fix: str) -> CliError:
    """Return the error to report, with a reason where it is known; `fix` says what to do."""
    text = str(error.orig) if isinstance(error, DBAPIError) else ""
    reason = next((each for each in _REASONS if each in text), type(error).__name__)
    return CliError(f"The database cannot be used ({reason}); {fix}.")
