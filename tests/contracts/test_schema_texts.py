"""The texts of the contracts are shown by forms as they are written."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from jsonschema import Draft7Validator
from markdown_it import MarkdownIt

from handler.inbound.validation import REQUEST_SCHEMA, SCHEMAS

SCHEMA_FILES = ("provision-request.v1.json", "provision-outcome.v1.json")
MAX_MESSAGE_LENGTH = 90
PROPERTIES: dict[str, dict[str, Any]] = REQUEST_SCHEMA["properties"]


def read(name: str) -> Any:
    return json.loads((SCHEMAS / name).read_bytes())


def texts_in(schema: Any, place: str = "$") -> Iterator[tuple[str, str]]:
    """Yield the place and content of every text that a form may show."""
    if isinstance(schema, Mapping):
        for key, inner in schema.items():
            if key in ("title", "description") and isinstance(inner, str):
                yield f"{place}.{key}", inner
            elif key == "errorMessage":
                yield from ((f"{place}.{key}.{rule}", message) for rule, message in inner.items())
            else:
                yield from texts_in(inner, f"{place}.{key}")


def rendered(text: str) -> str:
    """Return the visible text of Markdown, as a form would show it."""
    tokens = MarkdownIt("commonmark").parse(text)
    return "".join(child.content for token in tokens for child in token.children or [] if child.type == "text")


@pytest.mark.parametrize("name", SCHEMA_FILES)
def test_texts_have_no_meaning_in_markdown(name: str) -> None:
    """Backstage renders descriptions as Markdown, other libraries as they are."""
    texts = dict(texts_in(read(name)))
    assert {place: rendered(text) for place, text in texts.items()} == texts


@pytest.mark.parametrize("text", [r"a / or \.", "a_b_ *c*", "`code`", "1. first", "<b>", "&amp;"])
def test_text_with_a_meaning_in_markdown_is_noticed(text: str) -> None:
    """The check above can fail."""
    assert rendered(text) != text


@pytest.mark.parametrize("name", PROPERTIES)
def test_property_has_what_a_form_shows(name: str) -> None:
    """A title, a description, and several examples, each of them valid."""
    schema = PROPERTIES[name]
    assert schema["title"]
    assert schema["description"]
    assert len(schema["examples"]) > 1
    assert [each for each in schema["examples"] if not Draft7Validator(schema).is_valid(each)] == []


@pytest.mark.parametrize("name", PROPERTIES)
def test_pattern_has_a_message_for_people(name: str) -> None:
    """It is short enough for one line below a field, and contains nothing of the pattern."""
    messages = PROPERTIES[name]["errorMessage"]
    assert "pattern" in messages
    assert messages.keys() <= PROPERTIES[name].keys()
    for message in messages.values():
        assert len(message) <= MAX_MESSAGE_LENGTH
        assert not set(message) & set("^$[]\\*+")
