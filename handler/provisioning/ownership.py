"""The owner's mark in a group's description, which identifies the request that made the group.

The API stores neither a creation time nor a client token, and DescribeExpressSyncs returns the description, so this is
the only place for a mark. The mark names the request and the requested configuration, so that the group can be
identified in whatever form the API returns its prefix and region. The documentation does not say in which form the API
returns the description itself, so the mark is read in any case, escaped, before other text and truncated. What may be
the mark of this request, but does not prove it, is `UNCLEAR`.
"""

import base64
import hashlib
import json
import re
import unicodedata
from enum import Enum
from urllib.parse import unquote

from handler.model import Group, ProvisionRequest, Violation

DESCRIPTION_LIMIT = 255  # characters, CreateExpressSync documentation
_OF_REQUEST, _OF_CONFIGURATION = 8, 4  # characters of six bits each
_LENGTH = _OF_REQUEST + _OF_CONFIGURATION
_MARK = re.compile(rf"xs\s*:\s*(?=([a-z0-9_-]{{1,{_LENGTH}}})|$)", re.ASCII)
_CUT = re.compile(  # what follows where a text was cut off: a part of an escape, and dots
    r"(?:%[0-9a-f]?|&#?[a-z0-9]{0,7}|\\+(?:[ux]\{?[0-9a-f]{0,5})?)?(?:\s*[\[(]?\.{2,}[\])]?)?\s*$"
)
_MAX_SHOWN = 16 * DESCRIPTION_LIMIT  # with every character escaped; normalising more could take hours
_CODE_POINT = re.compile(
    r"\\+u([0-9a-f]{4})|\\+u\{([0-9a-f]{1,5})\}|\\+x([0-9a-f]{2})|&#x0*([0-9a-f]{1,5});|&#0*([0-9]{1,6});"
)
_NAMED = {"&amp;": "&", "&colon;": ":", "&lowbar;": "_", "&hyphen;": "-", "&dash;": "-", "&hellip;": "…", "&mldr;": "…"}
_NAME = re.compile("|".join(_NAMED))
_BACKSLASH = re.compile(r"\\+(?=[^\w\\]|_)")  # before what Markdown, a regular expression or a shell escapes


class Maker(Enum):
    """Who made a group, as far as its mark proves."""

    THIS_REQUEST = "this request, with this configuration"
    THIS_ID = "a request of this id, with a configuration that the mark does not name"
    THIS_ID_OTHER_CONFIGURATION = "a request of this id, with another configuration"
    UNCLEAR = "possibly this request: the mark is truncated"
    SOMEBODY_ELSE = "another owner, or a request whose policy was not `owned`"


def marked_description(request: ProvisionRequest) -> str:
    """Return the request's description with its mark at the end."""
    return " ".join(part for part in (request.description, _mark(request)) if part)


def maker(group: Group, request: ProvisionRequest) -> Maker:
    """Return who made the group, as far as its mark proves.

    The last mark decides, because it was appended to a description in which the requester may have written another one.
    """
    shown, own = _plain(group.description), _plain(request.description)
    if shown == own:  # nothing was appended to it
        return Maker.SOMEBODY_ELSE
    text = _CUT.sub("", shown)
    digests = _MARK.findall(text)
    made_by = _maker_of(digests, request) if digests else Maker.SOMEBODY_ELSE
    if made_by is Maker.SOMEBODY_ELSE and _may_be_cut(text, request, longer_than="" if text != shown else own):
        return Maker.UNCLEAR
    return made_by


def _maker_of(digests: list[str], request: ProvisionRequest) -> Maker:
    """Return whom the last of the digests in a description names."""
    known = {_digest(request).lower(): Maker.THIS_REQUEST, _digest_of_first_version(request): Maker.THIS_ID}
    last = digests[-1]
    if last in known:
        return known[last]
    if len(last) == _LENGTH:
        is_this_id = last.startswith(_digest(request)[:_OF_REQUEST].lower())
        return Maker.THIS_ID_OTHER_CONFIGURATION if is_this_id else Maker.SOMEBODY_ELSE
    may_be_known = any(each.startswith(last) for each in known) or not known.keys().isdisjoint(digests)
    return Maker.UNCLEAR if may_be_known else Maker.SOMEBODY_ELSE


def _may_be_cut(text: str, request: ProvisionRequest, *, longer_than: str) -> bool:
    """Return whether a text may be the beginning of the description that this request gave its group."""
    whole, shown, least = ("".join(each.split()) for each in (_plain(marked_description(request)), text, longer_than))
    return len(shown) > len(least) and whole.startswith(shown)


def _plain(description: str) -> str:
    """Return a description without case and without what services change in transit: escapes and forms of Unicode."""
    text = description[-_MAX_SHOWN:]
    while (plainer := _unescaped(text.lower())) != text:  # also where an escape was escaped; each round shortens it
        text = plainer
    return unicodedata.normalize("NFKC", text).lower().strip()


def _unescaped(text: str) -> str:
    text = _NAME.sub(lambda found: _NAMED[found[0]], unquote(text))
    return _BACKSLASH.sub("", _CODE_POINT.sub(_character, text))


def _character(found: re.Match[str]) -> str:
    *hexadecimal, decimal = found.groups()
    return chr(int(decimal) if decimal else int(next(filter(None, hexadecimal)), 16))


def violations(request: ProvisionRequest) -> tuple[Violation, ...]:
    """Return the rule that the mark adds to the contract, if it is broken: the description must leave room for it."""
    room = DESCRIPTION_LIMIT - len(_mark(request)) - 1
    if len(request.description) <= room:
        return ()
    message = f"must be at most {room} characters, because the adoption policy 'owned' adds a mark to it"
    return (Violation("$.description", "maxLength", message),)


def _mark(request: ProvisionRequest) -> str:
    return f"[xs:{_digest(request)}]"


def _digest(request: ProvisionRequest) -> str:
    parts = (request.request_id, _OF_REQUEST), (json.dumps(request.configuration), _OF_CONFIGURATION)
    return "".join(
        base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())[:length].decode() for text, length in parts
    )


def _digest_of_first_version(request: ProvisionRequest) -> str:
    """Return the digest in groups made before the mark named the configuration; such groups live for years."""
    return hashlib.sha256(request.request_id.encode()).hexdigest()[:_LENGTH]
