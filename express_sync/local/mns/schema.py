"""Reads request documents and parameters into Python values.

Reproduces: strict documents; an element that the schema does not have, one given twice and one that is not a number
where a number is required are InvalidArgument.
Chosen: an element of a feature that this emulator does not have (MessageGroupId) is the error NotEmulated; it is
ignored only where its value means that the feature is not used (an empty group, the type `normal`).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from express_sync.local.mns import xml
from express_sync.local.mns.engine.message import Property
from express_sync.local.mns.errors import MnsError, invalid_element
from express_sync.local.mns.xml import Element
from express_sync.local.not_emulated import NotEmulatedError

# The element's name -> its keyword, and the function that reads its value.
Schema = Mapping[str, tuple[str, Callable[[Element], Any]]]
_NOT_EMULATED: Mapping[str, str] = {
    "MessageGroupId": "FIFO queues (MessageGroupId)",
    "QueueType": "FIFO queues (QueueType)",
    "DlqPolicy": "dead-letter policies in this API (DlqPolicy)",
    "TopicType": "FIFO topics (TopicType)",
}
# Of these elements the values that mean a standard queue or topic.
_STANDARD: Mapping[str, str] = {"MessageGroupId": "", "QueueType": "normal", "TopicType": "normal"}
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_BOOLEANS = {"true": True, "false": False}


def document(body: bytes, root: str) -> Element:
    """Return the root element, whose name must be `root`; MalformedXML, InvalidArgument."""
    element = xml.read(body)
    if element.name != root:
        raise invalid_element(element.name)
    return element


def read(element: Element, schema: Schema) -> dict[str, Any]:
    """Return the children of `element` as keywords; InvalidArgument for a child that `schema` does not allow."""
    values: dict[str, Any] = {}
    for child in element.children:
        if _is_of_standard(child):
            continue
        keyword, convert = schema.get(child.name, ("", text))
        if not keyword or keyword in values:
            raise invalid_element(child.name)
        values[keyword] = convert(child)
    return values


def _is_of_standard(element: Element) -> bool:
    """Tell whether the element only says that a feature is not used. NotEmulatedError if it uses one."""
    if element.name not in _NOT_EMULATED:
        return False
    if element.children or element.text.strip().lower() != _STANDARD.get(element.name):
        raise NotEmulatedError(_NOT_EMULATED[element.name])
    return True


def text(element: Element) -> str:
    """Return the text of an element without children, including white space."""
    if element.children:
        raise invalid_element(element.children[0].name)
    return element.text


def texts(element: Element) -> dict[str, str]:
    """Return the texts of the children of an element by their names."""
    return {child.name: text(child) for child in element.children}


def integer(element: Element) -> int:
    """Return the whole number in the element."""
    return parse_integer(element.name, text(element))


def parse_integer(name: str, value: str) -> int:
    """Return the whole number in the `value` of parameter or element `name`; InvalidArgument."""
    if not _INTEGER.fullmatch(value.strip()):
        raise invalid_element(name)
    return int(value)


def boolean(element: Element) -> bool:
    """Return the boolean in the element, in upper or lower case."""
    value = _BOOLEANS.get(text(element).strip().lower())
    if value is None:
        raise invalid_element(element.name)
    return value


def properties(item: str) -> Callable[[Element], tuple[Property, ...]]:
    """Return what reads a list of properties with the element name `item`."""

    def convert(element: Element) -> tuple[Property, ...]:
        return tuple(_property(child, item) for child in element.children)

    return convert


def query_integer(query: Mapping[str, str], name: str) -> int | None:
    """Return the whole number in a query parameter, None if absent; InvalidQueryString if it is not a number."""
    value = query.get(name.lower())
    if value is None:
        return None
    if not _INTEGER.fullmatch(value):
        raise MnsError("InvalidQueryString", f'Http request URL contains invalid querystring item "{name}".')
    return int(value)


_PROPERTY: Schema = {"Name": ("name", text), "Value": ("value", text), "Type": ("type", text)}


def _property(element: Element, item: str) -> Property:
    values = read(element, _PROPERTY)
    if element.name != item or len(values) < len(_PROPERTY):
        raise invalid_element(element.name)
    return Property(**values)
