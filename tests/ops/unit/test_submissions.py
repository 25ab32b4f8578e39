"""Requests read from files keep their text and are validated as in the function; batches keep their limits."""

import base64
import io
import json
import os
import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from express_sync.ops.queues.batching import MAX_BYTES, MAX_MESSAGES, batches
from express_sync.ops.requests import files as module
from express_sync.ops.requests.files import STANDARD_INPUT, Submission, submissions
from express_sync.ops.terminal.errors import CliError

VALID = {"requestId": "R-1", "name": "team", "bucketName": "team-bucket", "bucketRegion": "cn-hangzhou"}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
json_objects = st.dictionaries(st.text(max_size=8), json_values, max_size=4)


def from_text(
    tmp_path: Path, text: str | bytes, name: str = "requests.json", envelope: str = "plain"
) -> list[Submission]:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return list(submissions((str(path),), envelope))


def sentence(tmp_path: Path, text: str | bytes, name: str = "requests.json") -> str:
    with pytest.raises(CliError) as caught:
        from_text(tmp_path, text, name)
    return caught.value.message


@given(documents=st.lists(json_objects, min_size=1, max_size=5), indent=st.sampled_from([None, 1, 4]), data=st.data())
def test_array_elements_keep_their_text(
    tmp_path_factory: pytest.TempPathFactory, documents: list[Any], indent: int | None, data: st.DataObject
) -> None:
    """In any layout, each body is the text of one element, in order."""
    text = data.draw(st.sampled_from(["", "\ufeff", "\n \n"])) + json.dumps(documents, indent=indent)
    found = from_text(tmp_path_factory.mktemp("array"), text)
    assert [json.loads(each.body) for each in found] == documents
    assert all(each.body in text for each in found)
    assert [each.place.rpartition("[")[2] for each in found] == [f"{index}]" for index in range(len(documents))]


@given(documents=st.lists(json_objects, min_size=1, max_size=5), end=st.sampled_from(["\n", "\r\n", "\n\n  \n"]))
def test_each_line_of_json_lines_is_a_request(
    tmp_path_factory: pytest.TempPathFactory, documents: list[Any], end: str
) -> None:
    """Blank lines, kinds of line ends and a missing last line end do not matter."""
    text = end.join(json.dumps(document, ensure_ascii=False) for document in documents)
    found = from_text(tmp_path_factory.mktemp("lines"), text, "requests.txt")
    assert [json.loads(each.body) for each in found] == documents


def test_object_over_many_lines_is_one_request(tmp_path: Path) -> None:
    """A file may be indented."""
    (found,) = from_text(tmp_path, json.dumps(VALID, indent=4))
    assert (found.request_id, found.group, found.violations) == ("R-1", "team", ())


def test_invalid_line_does_not_affect_other_lines(tmp_path: Path) -> None:
    """Each line is validated by itself and reported with its number."""
    text = f"not json\n{json.dumps(VALID)}\n{json.dumps({**VALID, 'name': '1'})}\n"
    garbage, good, wrong = from_text(tmp_path, text, "r.jsonl")
    assert (good.violations, garbage.place.rpartition(":")[2]) == ((), "1")
    assert [each.rule for each in garbage.violations] == ["json"]
    assert [each.path for each in wrong.violations] == ["$.name"]


def test_number_that_python_does_not_read_is_one_sentence(tmp_path: Path) -> None:
    """Python limits the digits of a number, with an error that is not one of JSON."""
    with pytest.raises(CliError, match="is not JSON"):
        from_text(tmp_path, f'{{"requestId": {"1" * 5000}}}')


def test_duplicate_property_is_a_violation(tmp_path: Path) -> None:
    """Nothing is repaired silently, although a JSON parser would accept it."""
    text = json.dumps(VALID)[:-1] + ', "name": "other"}'
    (alone,) = from_text(tmp_path, text)
    (listed,) = from_text(tmp_path, f"[{text}]")
    assert [[each.rule for each in found.violations] for found in (alone, listed)] == [["uniqueKeys"]] * 2


def test_cloud_event_is_validated_by_its_data(tmp_path: Path) -> None:
    """Its data is the request that must be valid."""
    event = {"specversion": "1.0", "id": "1", "source": "/p", "type": "t", "data": VALID}
    (found,) = from_text(tmp_path, json.dumps(event))
    assert (found.request_id, found.violations) == ("R-1", ())


def test_base64_encodes_the_text_as_written(tmp_path: Path) -> None:
    """The body is validated after decoding."""
    (found,) = from_text(tmp_path, json.dumps(VALID), envelope="base64")
    assert base64.b64decode(found.body).decode() == json.dumps(VALID)
    assert (found.request_id, found.violations) == ("R-1", ())


def test_request_too_large_for_a_message_is_invalid(tmp_path: Path) -> None:
    """A message is at most 64 KiB; base64 makes a body larger."""
    text = json.dumps({**VALID, "description": "x" * 50_000})
    (plain,) = from_text(tmp_path, text)
    (encoded,) = from_text(tmp_path, text, envelope="base64")
    assert [each.rule for each in plain.violations] == ["maxLength"]
    assert [each.rule for each in encoded.violations] == ["maxBytes"]


@pytest.mark.parametrize(
    ("text", "name", "part"),
    [
        ("", "r.json", "is empty"),
        (" \n\n", "r.jsonl", "is empty"),
        ("[]", "r.json", "is empty"),
        ("hello", "r.json", "is not JSON"),
        ("[{},", "r.json", "is not JSON"),
        (b'{"requestId": "\xff"}', "r.json", "is not UTF-8"),
        (b"[\n\xff]", "r.json", "is not UTF-8"),
        ("[" * 200_000, "r.json", "nested too deeply"),
        ("x" * (module.MAX_LINE_BYTES + 1), "r.jsonl", "is longer than"),
    ],
)
def test_unusable_file_is_one_sentence_with_its_name(tmp_path: Path, text: str | bytes, name: str, part: str) -> None:
    """The sentence says what to do."""
    if not part:
        assert len(from_text(tmp_path, text, name)) == 1
        return
    said = sentence(tmp_path, text, name)
    assert part in said
    assert name in said
    assert said.endswith(".")


def test_large_document_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit applies to one document; JSON Lines have none."""
    monkeypatch.setattr(module, "MAX_DOCUMENT_BYTES", 100)
    assert "JSON Lines" in sentence(tmp_path, "[\n" + " " * 200 + "]")
    assert len(from_text(tmp_path, "{}\n" * 200, "r.jsonl")) == 200


@pytest.mark.parametrize(("path", "part"), [("missing.json", "No such file"), (".", "is a directory")])
def test_path_without_a_file_is_one_sentence(
    path: str, part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Missing files and directories are named."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CliError, match=part) as caught:
        list(submissions((path,), "plain"))
    assert path in caught.value.message


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("text", ["{0}", "[{0}, {0}]", "{0}\r\n{0}\r\n", "\r\n{0}"])
def test_file_with_a_byte_order_mark_is_read(text: str, encoding: str, tmp_path: Path) -> None:
    """PowerShell 5 redirects to UTF-16; the message is UTF-8 without a mark."""
    path = tmp_path / "requests.json"
    expected = {**VALID, "description": "组"}
    one = json.dumps(expected, ensure_ascii=False)
    path.write_bytes(text.replace("{0}", one).encode(encoding))
    found = list(submissions((str(path),), "plain"))
    assert [json.loads(each.body) for each in found] == [expected] * text.count("{0}")


def test_piped_utf16_is_read(tmp_path: Path) -> None:
    """A pipe cannot be read twice."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    content = json.dumps(VALID).encode("utf-16")
    writer = threading.Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    (found,) = submissions((str(pipe),), "plain")
    writer.join()
    assert found.document == VALID


@pytest.mark.parametrize(
    "content", ["{".encode("utf-16") + b"x", b"\xff\xfe" + 4 * b"\x00\xd8"], ids=["odd", "surrogate"]
)
def test_broken_utf16_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    """The sentence says how the file is marked."""
    path = tmp_path / "requests.json"
    path.write_bytes(content)
    with pytest.raises(CliError, match="is not UTF-16 text, as which it is marked; convert it to UTF-8"):
        list(submissions((str(path),), "plain"))


def test_large_utf16_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has to be read whole."""
    monkeypatch.setattr(module, "MAX_DOCUMENT_BYTES", 100)
    path = tmp_path / "requests.jsonl"
    path.write_bytes(json.dumps(VALID).encode("utf-16"))
    with pytest.raises(CliError, match="convert it to UTF-8"):
        list(submissions((str(path),), "plain"))


def test_standard_input_is_read_like_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` is reported as standard input."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(VALID).encode())))
    (found,) = submissions((STANDARD_INPUT,), "plain")
    assert found.place == "standard input:1"


bodies_of_every_size = st.lists((st.integers(1, 9) | st.integers(1, 70_000)).map("x".__mul__), max_size=60)


@given(bodies=bodies_of_every_size)
@example(bodies=["x"] * 17)
@example(bodies=["组" * 15_000, "组" * 10_000])
def test_batches_keep_the_order_and_the_limits(bodies: list[str]) -> None:
    """Only a body that is too large by itself makes a batch too large."""
    made = list(batches(enumerate(bodies)))
    assert [item for batch in made for item in batch] == list(enumerate(bodies))
    for batch in made:
        assert 1 <= len(batch) <= MAX_MESSAGES
        assert sum(len(body.encode()) for _, body in batch) <= MAX_BYTES or len(batch) == 1


@given(bodies=bodies_of_every_size)
@example(bodies=["x" * 65_535, "x", "x"])
def test_batch_ends_only_where_the_next_body_does_not_fit(bodies: list[str]) -> None:
    """The number of calls is the minimum for this order."""
    made = list(batches(enumerate(bodies)))
    for batch, following in pairwise(made):
        size = sum(len(body) for _, body in batch) + len(following[0][1])
        assert len(batch) == MAX_MESSAGES or size > MAX_BYTES
