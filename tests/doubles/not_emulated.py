"""The error of both doubles for what they do not emulate, which must never look like a success."""

from express_sync.local.api_error import ApiError


class NotEmulatedError(ApiError):
    """The double does not emulate `what`."""

    def __init__(self, what: str) -> None:
        super().__init__("NotEmulated", 400, f"This test double does not emulate {what}.")
