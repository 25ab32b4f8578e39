"""Parses untrusted XML to values: without a DTD, without entities, and within a bound of nesting."""

from typing import Any
from xml.parsers import expat

_MAX_DEPTH = 16  # elements within each other; the answers of the API have five


class RefusedXmlError(ValueError):
    """A text that is not well-formed XML, has a DTD, or nests elements too deeply."""


def parse(text: str) -> Any:
    """Return the content of the root: text, or a mapping by local names, where repeated names make a list."""
    elements = _Elements()
    parser = expat.ParserCreate()
    parser.StartElementHandler = elements.start
    parser.EndElementHandler = elements.end
    parser.CharacterDataHandler = elements.text
    parser.StartDoctypeDeclHandler = _refuse_dtd  # only a DTD can declare entities to expand or to fetch
    try:
        parser.Parse(text, True)
    except expat.ExpatError:
        raise RefusedXmlError from None  # the message of expat quotes nothing, but says nothing of use either
    return elements.root()


class _Elements:
    """Builds the values of elements."""

    def __init__(self) -> None:
        self._children: list[dict[str, Any]] = [{}]
        self._texts: list[list[str]] = [[]]

    def start(self, _name: str, _attributes: object) -> None:
        if len(self._children) > _MAX_DEPTH:
            raise RefusedXmlError
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


def _refuse_dtd(*_declaration: object) -> None:
    raise RefusedXmlError
