"""Requests out of files: JSON objects, arrays of them, or JSON Lines, each cut out as it was written and judged.

The judgement is the function's own: a text is read as the function will read it from the queue. Knows files and the
request contract; must not know queues.
"""

import base64
import json
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
LARGEST_DOCUMENT = 64 * 1024 * 1024
LONGEST_LINE = 1024 * 1024
ENVELOPES = ("plain", "base64")


class Text(NamedTuple):
    """One JSON text, as it was written, and where: `requests.jsonl:3` or `all.json[0]`."""

    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Submission:
    """One message to be sent, the request in it as far as it can be read, and every rule that it breaks."""

    place: str
    body: str
    document: Mapping[str, Any]
    violations: tuple[Violation, ...]

    @property
    def request_id(self) -> str:
        """The requestId, empty if there is none."""
        return self._field("requestId")

    @property
    def group(self) -> str:
        """The name of the group asked for, empty if there is none."""
        return self._field("name")

    def _field(self, name: str) -> str:
        value = self.document.get(name)
        return value if isinstance(value, str) else ""


def submissions(paths: tuple[str, ...], envelope: str) -> Iterator[Submission]:
    """Every request in the files, in order; `-` is standard input. CliError for a file that cannot be read."""
    for path in paths:
        found = False
        for text in texts(path):
            found = True
            yield submission(text, envelope)
        if not found:
            raise CliError(f"{_name(path)} is empty; it should hold at least one request.")


def submission(text: Text, envelope: str) -> Submission:
    """Judge one text in its envelope as the function will judge it when it comes out of the queue."""
    body = text.text if envelope == "plain" else base64.b64encode(text.text.encode()).decode()
    # An element of a queue trigger's event in its RawData form: the body is then read exactly as in the cloud.
    deliveries = parse(json.dumps({"messageBody": body}).encode()).deliveries
    broken = tuple(each for delivery in deliveries for each in delivery.flaws or violations(delivery.document))
    documents = (delivery.document for delivery in deliveries if isinstance(delivery.document, Mapping))
    return Submission(text.place, body, next(documents, {}), broken)


def texts(path: str) -> Iterator[Text]:
    """Every JSON object in a file of one, of an array or of JSON Lines. CliError for a file that cannot be read."""
    if path == STANDARD_INPUT:
        yield from _split(sys.stdin.buffer, path)
        return
    try:
        with Path(path).open("rb") as file:
            yield from _split(file, path)
    except IsADirectoryError:
        raise CliError(f"{path} is a directory; name the files in it.") from None
    except OSError as error:
        raise CliError(f"{path} cannot be read: {error.strerror}; name another file.") from error


def _split(file: BinaryIO, path: str) -> Iterator[Text]:
    """JSON Lines where the first line is an object by itself, else one JSON document."""
    name = _name(path)
    lines = _lines(file, name)
    first = next(lines, None)
    if first is None:
        return
    if path.endswith(".jsonl") or _is_object(first.text):
        yield first
        yield from lines
    else:
        rest = file.read(LARGEST_DOCUMENT)
        if len(rest) == LARGEST_DOCUMENT:
            raise CliError(f"{name} is too large for one JSON document; write one request on each line (JSON Lines).")
        yield from _elements(first.text + "\n" + _decoded(rest, name), name)


def _lines(file: BinaryIO, name: str) -> Iterator[Text]:
    """Every line that is not blank, read one at a time."""
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        place = f"{name}:{number}"
        if len(line) > LONGEST_LINE:
            raise CliError(f"{place} is longer than {LONGEST_LINE} bytes; that is no request, correct the file.")
        text = _decoded(line, place).removeprefix("\ufeff").strip()
        if text:
            yield Text(place, text)


def _elements(text: str, name: str) -> Iterator[Text]:
    """The elements of a JSON array as they are written, or the only value of a document that is no array."""
    text = text.strip()
    try:
        is_array = isinstance(json.loads(text), list)
    except RecursionError:
        raise CliError(f"{name} is nested too deeply; correct it.") from None
    except ValueError as error:
        raise CliError(f"{name} is no JSON ({error}); correct it.") from None
    if not is_array:
        yield Text(name, text)
        return
    for index, (start, end) in enumerate(_spans(text)):
        yield Text(f"{name}[{index}]", text[start:end])


def _spans(array: str) -> Iterator[tuple[int, int]]:
    """Where the elements of a valid JSON array begin and end in its text."""
    decoder = json.JSONDecoder()
    position = _past_blanks(array, 1)
    while array[position] != "]":
        _, end = decoder.raw_decode(array, position)
        yield position, end
        position = _past_blanks(array, end)
        if array[position] == ",":
            position = _past_blanks(array, position + 1)


def _past_blanks(text: str, position: int) -> int:
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
