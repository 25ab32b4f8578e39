"""Compares a group, as DescribeExpressSyncs shows it, with the configuration that a request asks for.

The documentation does not say in which form the API returns prefix and region. A value that may be the requested one
in another form is therefore unclear: neither the same nor another.
"""

import re
import unicodedata
from enum import Enum
from urllib.parse import unquote

from handler.model import Fragment, Group, ProvisionRequest


class Likeness(Enum):
    """How the configuration of a group compares with the requested one."""

    SAME = "same"
    UNCLEAR = "unclear"
    OTHER = "other"


_REGION_ID = re.compile(r"[a-z]{2}-[a-z]+(-[a-z0-9]+)*")
_OSS_LOCATION = "oss-"  # OSS names the location of a bucket oss-cn-hangzhou
_SLASHES = re.compile(r"/+")
_MAX_PREFIX = 3 * 1023  # the longest name of an object in OSS, percent-encoded; normalising more could take hours


def likeness(group: Group, request: ProvisionRequest) -> Likeness:
    """Return how the group compares with the requested configuration; its description is not part of that."""
    if (group.name, group.bucket_name) != (request.name, request.bucket_name):
        return Likeness.OTHER
    parts = (
        _of_regions(group.bucket_region, request.bucket_region),
        _of_prefixes(group.bucket_prefix, request.bucket_prefix),
    )
    return next((each for each in (Likeness.OTHER, Likeness.UNCLEAR) if each in parts), Likeness.SAME)


def may_be(fragment: Fragment, request: ProvisionRequest) -> bool:
    """Return whether an unreadable entry may be the group: it has its name, or its place and no readable name."""
    if fragment.name is not None:
        return fragment.name == request.name
    shown = fragment.bucket_prefix
    is_other_prefix = shown is not None and _of_prefixes(shown, request.bucket_prefix) is Likeness.OTHER
    return fragment.bucket_name == request.bucket_name and not is_other_prefix


def _of_regions(shown: str, requested: str) -> Likeness:
    region = shown.strip().lower().removeprefix(_OSS_LOCATION)
    if region == requested:
        return Likeness.SAME
    # A bucket is in one region only. Any text but the plain id of another region may be another form of this one.
    is_another = _REGION_ID.fullmatch(region) and requested not in region and region not in requested
    return Likeness.OTHER if is_another else Likeness.UNCLEAR


def _of_prefixes(shown: str, requested: str) -> Likeness:
    if shown == requested:
        return Likeness.SAME
    is_alike = len(shown) <= _MAX_PREFIX and _plain(shown) == _plain(requested)
    return Likeness.UNCLEAR if is_alike else Likeness.OTHER


def _plain(prefix: str) -> str:
    """Return a prefix without what services change in transit: encoding, slashes, blanks. Case is never changed."""
    text = unicodedata.normalize("NFC", unquote(prefix))
    return _SLASHES.sub("/", text.replace("\\", "/")).strip("/ ")
