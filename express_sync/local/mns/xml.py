"""Reads and writes the XML of the service.

Reproduces: any namespace, prefix and prolog is accepted, as different official clients need; responses are indented by
two spaces under the namespace without a final slash, as recorded from the service.
Chosen: a document type declaration is refused as MalformedXML, so that no entity is ever expanded or fetched.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape

from express_sync.local.mns.errors import MnsError

NAMESPACE = "http://mns.aliyuncs.com/doc/v1"
_PROLOG = '<?xml version="1.0" ?>\n'
_ROOT = re.compile(rb"<(?:[\w.-]+:)?(\w+)")
# Unescaped, a reader would turn it into a line feed.
_CARRIAGE_RETURN = {"\r": "&#13;"}

Content = str | int | Sequence["Node"]
Node = tuple[str, Content]


@dataclass(slots=True)
class Element:
    """One element: its name without prefix, the text directly in it, and its children."""

    name: str
    text: str = ""
    children: list["Element"] = field(default_factory=list)


def read(document: bytes) -> Element:
    """Return the root element of `document`; MalformedXML if it is not well-formed or declares a document type."""
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(document, True)
    except (expat.ExpatError, ValueError, LookupError):
        # ValueError and LookupError: an unknown encoding, or text that is not in the declared one.
        raise MnsError("MalformedXML") from None
    return reader.root


def root_name(document: bytes) -> str:
    """Return the name of the root element without parsing the document, or "" without one."""
    match = _ROOT.search(document)
    return match[1].decode() if match else ""


def write(root: Node) -> str:
    """Return the document with the root element `root`."""
    name, content = root
    return "".join((_PROLOG, *_lines(name, content, 0, f' xmlns="{NAMESPACE}"')))


class _Reader:
    def __init__(self) -> None:
        top = Element("")
        self._open = [top]
        self._top = top

    @property
    def root(self) -> Element:
        return self._top.children[0]

    def refuse(self, *_declaration: object) -> None:
        raise MnsError("MalformedXML")

    def start(self, name: str, _attributes: object) -> None:
        element = Element(name.rpartition(":")[2])
        self._open[-1].children.append(element)
        self._open.append(element)

    def text(self, text: str) -> None:
        self._open[-1].text += text

    def end(self, _name: str) -> None:
        self._open.pop()


def _lines(name: str, content: Content, depth: int, attributes: str = "") -> list[str]:
    indent = "  " * depth
    if isinstance(content, str | int):
        return [f"{indent}<{name}{attributes}>{escape(str(content), _CARRIAGE_RETURN)}</{name}>\n"]
    inner = [line for child, within in content for line in _lines(child, within, depth + 1)]
    return [f"{indent}<{name}{attributes}>\n", *inner, f"{indent}</{name}>\n"]
