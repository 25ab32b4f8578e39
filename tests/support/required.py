"""What a test needs of the machine, beside Python and what setting up installs."""

import os
import shutil
from typing import NoReturn

import pytest


def program(name: str, *, is_optional: bool = False) -> str:
    """Return the path of a program; without it the test ends as in `unavailable`."""
    return shutil.which(name) or unavailable(f"{name} is not installed", is_optional=is_optional)


def unavailable(reason: str, *, is_optional: bool = False) -> NoReturn:
    """Skip the test; fail it in continuous integration, which has everything that is not optional."""
    if os.environ.get("CI") and not is_optional:
        pytest.fail(reason)
    pytest.skip(reason)
