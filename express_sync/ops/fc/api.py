"""The version of the API of Function Compute 3.0, and the path of a function in it."""

from urllib.parse import quote

FC_VERSION = "2023-03-30"


def function_path(function: str) -> str:
    """Return the path of a function."""
    return f"/{FC_VERSION}/functions/{quote(function, safe='')}"
