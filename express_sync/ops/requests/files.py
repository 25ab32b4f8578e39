"""Reads requests from files (a JSON object, an array of objects, or JSON Lines) and validates them.

Each request keeps its text as it was written, and is validated exactly as the function will validate it.
"""

import base64
import codecs
import io
import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from express_sync.ops.terminal.errors import CliError
from handler.inbound.envelope import parse
from handler.inbound.validation import violations
from handler.model import Violation

STANDARD_INPUT = "-"
MAX_DOCUMENT_BYTES = 64 * 1024 * 1024
MAX_LINE_BYTES = 1024 * 1024
# UTF-32 first, because its mark in little endian begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LONGEST_MARK = len(codecs.BOM_UTF32_LE)
ENVELOPES = ("plain", "base64")
_NOT_IN_XML = re.compile("[\x7f-\x9f\ud800-\udfff\ufffe\uffff]")  # and what XML 1.0 discourages


class Text(NamedTuple):
    """One JSON text as it was written, and its place, such as `requests.jsonl:3` or `all.json[0]`."""

    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Submission:
    """A message to send, the request in it as far as it can be read, and every rule that it violates."""

    place: str
    body: str
    document: Mapping[str, Any]
    violations: tuple[Violation, ...]

    @property
    def request_id(self) -> str:
        """Return the requestId, or an empty text."""
        return self._field("requestId")

    @property
    def group(self) -> str:
        """Return the name of the requested group, or an empty text."""
        return self._field("name")

    def _field(self, name: str) -> str:
        value = self.document.get(name)
        return value if isinstance(value, str) else ""


def submissions(paths: tuple[str, ...], envelope: str) -> Iterator[Submission]:
    """Yield every request in the files, in order; `-` is standard input. CliError if a file cannot be read."""
    for path in paths:
        found = False
        for text in texts(path):
            found = True
            yield submission(text, envelope)
        if not found:
            raise CliError(f"{_name(path)} is empty; it must contain at least one request.")


def submission(text: Text, envelope: str) -> Submission:
    """Return a text as a message in this envelope, validated as the function will do it."""
    body = _in_xml(text.text) if envelope == "plain" else base64.b64encode(text.text.encode()).decode()
    # Wrapped like an element of a queue trigger's event (RawData), so that the body is parsed exactly as in the cloud.
    deliveries = parse(json.dumps({"messageBody": body}).encode()).deliveries
    broken = tuple(each for delivery in deliveries for each in delivery.violations or violations(delivery.document))
    documents = (delivery.document for delivery in deliveries if isinstance(delivery.document, Mapping))
    return Submission(text.place, body, next(documents, {}), broken)


def _in_xml(text: str) -> str:
    """Return a JSON text that XML, in which SMQ takes messages, can carry: it cannot contain some characters.

    In valid JSON they occur in strings only, where each has an escape sequence.
    """
    return _NOT_IN_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def texts(path: str) -> Iterator[Text]:
    """Yield every JSON text of a file: one document, the elements of an array, or lines. CliError if unreadable."""
    if path == STANDARD_INPUT:
        yield from _split(sys.stdin.buffer, path)
        return
    if not path:
        raise CliError("A file without a name cannot be read; name a file, or - for standard input.")
    try:
        with Path(path).open("rb") as file:
            yield from _split(file, path)
    except IsADirectoryError:
        raise CliError(f"{path} is a directory; name the files in it.") from None
    except OSError as error:
        raise CliError(f"{path} cannot be read: {error.strerror}; name another file.") from error


def _split(file: BinaryIO, path: str) -> Iterator[Text]:
    """Read JSON Lines if the first line is a whole object, else one JSON document."""
    name = _name(path)
    file = _in_utf8(file, name)
    lines = _lines(file, name)
    first = next(lines, None)
    if first is None:
        return
    if path.endswith(".jsonl") or _is_object(first.text):
        yield first
        yield from lines
    else:
        rest = file.read(MAX_DOCUMENT_BYTES)
        if len(rest) == MAX_DOCUMENT_BYTES:
            raise CliError(f"{name} is too large for one JSON document; write one request per line (JSON Lines).")
        yield from _elements(first.text + "\n" + _decoded(rest, name), name)


def _in_utf8(file: BinaryIO, name: str) -> BinaryIO:
    """Return a file that begins with the byte order mark of UTF-16 or UTF-32 in UTF-8, any other file as it is.

    PowerShell 5 and Windows editors write such files.
    """
    start = _start(file)
    encoding = next((encoding for mark, encoding in _MARKS if start.startswith(mark)), None)
    if encoding is None:
        return file
    content = file.read(MAX_DOCUMENT_BYTES + 1)
    if len(content) > MAX_DOCUMENT_BYTES:
        raise CliError(f"{name} is too large for a file that is not in UTF-8; convert it to UTF-8.")
    try:
        return io.BytesIO(content.decode(encoding).encode())
    except UnicodeError:
        raise CliError(f"{name} is not {encoding.upper()} text, as which it is marked; convert it to UTF-8.") from None


def _start(file: BinaryIO) -> bytes:
    """Return the first bytes of a file without reading them, as far as they have arrived."""
    if not file.seekable():
        return file.peek() if isinstance(file, io.BufferedReader) else b""
    start = file.read(_LONGEST_MARK)
    file.seek(0)
    return start


def _lines(file: BinaryIO, name: str) -> Iterator[Text]:
    """Yield every line that is not blank, reading one at a time."""
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        place = f"{name}:{number}"
        if len(line) > MAX_LINE_BYTES:
            raise CliError(f"{place} is longer than {MAX_LINE_BYTES} bytes, too long for a request; correct the file.")
        text = _decoded(line, place).removeprefix("\ufeff").strip()
        if text:
            yield Text(place, text)


def _elements(text: str, name: str) -> Iterator[Text]:
    """Yield the elements of a JSON array as they are written, or the whole document if it is not an array."""
    text = text.strip()
    try:
        is_array = isinstance(json.loads(text), list)
    except RecursionError:
        raise CliError(f"{name} is nested too deeply; correct it.") from None
    except ValueError as error:
        raise CliError(_not_json(error, name)) from None
    if not is_array:
        yield Text(name, text)
        return
    for index, (start, end) in enumerate(_spans(text)):
        yield Text(f"{name}[{index}]", text[start:end])


def _not_json(error: ValueError, name: str) -> str:
    """Return what is wrong with a file that is neither one JSON document nor JSON Lines."""
    if isinstance(error, json.JSONDecodeError) and error.msg == "Extra data":
        source = "" if name == _name(STANDARD_INPUT) else f" {name}"
        return (
            f"{name} contains several JSON values on more than one line each (line {error.lineno} begins another one);"
            f" JSON Lines takes one object per line: convert it with `jq -c .{source}`."
        )
    return f"{name} is not JSON ({error}); correct it."


def _spans(array: str) -> Iterator[tuple[int, int]]:
    """Yield where each element of a valid JSON array begins and ends in its text."""
    decoder = json.JSONDecoder()
    position = _skip_blanks(array, 1)
    while array[position] != "]":
        _, end = decoder.raw_decode(array, position)
        yield position, end
        position = _skip_blanks(array, end)
        if array[position] == ",":
            position = _skip_blanks(array, position + 1)


def _skip_blanks(text: str, position: int) -> int:
    while text[position] in " \t\r\n":
        position += 1
    return position


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _decoded(data: bytes, place: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise CliError(f"{place} is not UTF-8 text; convert it.") from None


def _name(path: str) -> str:
    return "standard input" if path == STANDARD_INPUT else path
