"""Parses the body of an API answer, JSON or XML, into one mapping.

The function asks for JSON, but the API's gateway answers some errors in XML. The content type is ignored, because
gateways often set a wrong one.
"""

import json
from collections.abc import Mapping
from typing import Any
from xml.parsers import expat

_MAX_DEPTH = 16  # elements within each other; the API's own answers have five
_SPACE_AND_BOM = "\ufeff \t\r\n"


class _RefusedXmlError(Exception):
    """A document with a DTD or with elements nested too deeply, which the API does not send."""


def parse(data: bytes) -> Mapping[str, Any]:
    """Return the members of the JSON object or of the XML document's root; empty if `data` is neither."""
    try:
        text = data.decode(json.detect_encoding(data)).lstrip(_SPACE_AND_BOM)
        document = _xml(text) if text.startswith("<") else json.loads(text)
    except (ValueError, RecursionError, expat.ExpatError, _RefusedXmlError):
        return {}
    return document if isinstance(document, Mapping) else {}


class _Elements:
    """Builds a value of elements: text, or a mapping by local names, where repeated names make a list."""

    def __init__(self) -> None:
        self._children: list[dict[str, Any]] = [{}]
        self._texts: list[list[str]] = [[]]

    def start(self, _name: str, _attributes: object) -> None:
        if len(self._children) > _MAX_DEPTH:
            raise _RefusedXmlError
        self._children.append({})
        self._texts.append([])

    def text(self, text: str) -> None:
        self._texts[-1].append(text)

    def end(self, name: str) -> None:
        children, text = self._children.pop(), "".join(self._texts.pop()).strip()
        siblings, local_name = self._children[-1], name.rpartition(":")[2]
        value = children or text
        if local_name not in siblings:
            siblings[local_name] = value
        elif isinstance(siblings[local_name], list):
            siblings[local_name].append(value)
        else:
            siblings[local_name] = [siblings[local_name], value]

    def root(self) -> Any:
        (value,) = self._children[0].values()
        return value


def _xml(text: str) -> Any:
    elements = _Elements()
    parser = expat.ParserCreate()
    parser.StartElementHandler = elements.start
    parser.EndElementHandler = elements.end
    parser.CharacterDataHandler = elements.text
    parser.StartDoctypeDeclHandler = _refuse_dtd  # only a DTD can declare entities to expand or to fetch
    parser.Parse(text, True)
    return elements.root()


def _refuse_dtd(*_declaration: object) -> None:
    raise _RefusedXmlError
