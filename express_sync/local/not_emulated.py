"""What a real service has and its emulator does not: one error in all emulators, reported once for each thing.

No service has the code. Its status is 400, so that no client repeats the call.
"""

from collections.abc import Callable

from express_sync.local.api_error import ApiError

CODE = "NotEmulated"


class NotEmulatedError(ApiError):
    """The real service has `what`, and this emulator does not."""

    def __init__(self, what: str) -> None:
        super().__init__(CODE, 400, f"The real service has {what}; this emulator does not.")
        self.what = what


class NotEmulatedReports:
    """Reports to a person what was called and is not emulated, each thing once."""

    def __init__(self, report: Callable[[str], None] = lambda _what: None) -> None:
        self._report = report
        self._reported: set[str] = set()

    def note(self, error: ApiError) -> None:
        """Report `error` if it is a NotEmulatedError for something new."""
        if isinstance(error, NotEmulatedError) and error.what not in self._reported:
            self._reported.add(error.what)
            self._report(error.what)
