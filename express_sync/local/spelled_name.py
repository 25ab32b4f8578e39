"""Header names that are sent as they are spelled, without importing the server that sends them."""


class SpelledName(bytes):
    """A header name that is sent as it is spelled; uvicorn calls `lower` on every name."""

    def lower(self) -> bytes:
        """Return the name unchanged."""
        return self
