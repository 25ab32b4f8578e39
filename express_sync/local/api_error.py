"""The exception that every emulator raises for an error answer of its service."""

from collections.abc import Mapping

# Error code -> HTTP status and message.
ErrorTable = Mapping[str, tuple[int, str]]


class ApiError(Exception):
    """An error answer: the service's `code`, the HTTP `status` and a `message` for people."""

    def __init__(self, code: str, status: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.status = status
        self.message = message
