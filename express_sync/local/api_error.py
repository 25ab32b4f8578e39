"""The exception that every emulator raises for an error answer of its service."""

from collections.abc import Mapping
from typing import ClassVar

# Error code -> HTTP status and message.
ErrorTable = Mapping[str, tuple[int, str]]


class ApiError(Exception):
    """An error answer: the service's `code`, the HTTP `status` and a `message` for people."""

    def __init__(self, code: str, status: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.status = status
        self.message = message


class TableError(ApiError):
    """An error of the service's `table`, with its usual message unless another is given."""

    table: ClassVar[ErrorTable]

    def __init__(self, code: str, message: str = "") -> None:
        status, usual = self.table[code]
        super().__init__(code, status, message or usual)
