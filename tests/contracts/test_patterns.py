"""The patterns of the contracts mean the same in Python, in JavaScript with each flag, and in RE2."""

import json
import random
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from handler.inbound.validation import REQUEST_SCHEMA, SCHEMAS, ContractValidator
from tests.support.node import run_node

OUTCOME_SCHEMA: dict[str, Any] = json.loads((SCHEMAS / "provision-outcome.v1.json").read_bytes())


def patterns_in(schema: Any, name: str) -> Iterator[tuple[str, str]]:
    """Yield the place and text of every pattern of a schema."""
    if isinstance(schema, Mapping):
        if isinstance(schema.get("pattern"), str):
            yield name, schema["pattern"]
        for key in schema.keys() - {"errorMessage"}:
            yield from patterns_in(schema[key], f"{name}.{key}")


PATTERNS = dict(
    sorted([*patterns_in(REQUEST_SCHEMA["properties"], "request"), *patterns_in(OUTCOME_SCHEMA["properties"], "event")])
)

EDGES = [
    *("", " ", "\n", "a", "a\n", "a b", "\r\n", "\t", "\x00", "a\x00", "\x1f", "\x7f", "é", "中文", "\U0001f600", "￼"),
    *("\x85", "\xa0", "\u1680", "\u180e", "\u2000", "\u200a", "\u200b", "\u2028", "\u2029", "\u202f", "\u205f"),
    *("\u3000", "\ufeff", "\u3000x", "\x85\xa0", " \x1c ", "\x1cx", "REQ-1", "REQ-1\n", "REQ-1\u2028", "REQ\\1"),
    *("a.b_c-d", "-a", "a-", "A", "1a", "Z[", "a]", "a/b", "a\\b", "/a", "\\a", "組", "a~", "a^b", "a`"),
    *(
        "abc",
        "a-c",
        "0-9",
        "ab-",
        "a.b",
        "cn-hangzhou",
        "oss-cn-hangzhou",
        "cn-hangzhou\n",
        "cn-north-2-gov-1",
        "cn--a",
    ),
    *("٣", "٣" * 32, "0" * 32, "f" * 32, "F" * 32, "0" * 33, "0002-1", "0002-4", "00٣2-1", "0002-1\n"),
    *("2026-11-23T08:00:01.250Z", "2026-11-23T08:00:01.25Z", "2026-11-23T08:00:01.250000Z"),
    *("2026-11-23T08:00:01.250000000Z", "2026-11-23T08:00:01.2500000000Z", "2026-11-23T08:00:01Z", "٣026-11-23T08"),
]
ALPHABETS = [
    "abz-09",
    "AZaz._-/\\[]^",
    "cn-hangzhou",
    " \x85\xa0\u1680\u2000\u2028\u3000\ufeff\u180e",
    "a \n\r\t\x00\x1f\x7f中\U0001f600",
]


def sample_texts() -> list[str]:
    """Return the edge cases and random texts near them, the same in each run."""
    chance = random.Random(20261123)
    drawn = ["".join(chance.choices(chance.choice(ALPHABETS), k=chance.randrange(9))) for _ in range(4000)]
    return [*EDGES, *drawn]


IN_JAVASCRIPT = """
import {readFileSync} from "node:fs";
const {patterns, texts} = JSON.parse(readFileSync(0, "utf8"));
const judge = (pattern, flags) => texts.map(text => Number(new RegExp(pattern, flags).test(text))).join("");
const all = flags => patterns.map(pattern => judge(pattern, flags));
console.log(JSON.stringify({none: all(""), u: all("u"), v: all("v")}));
"""


def test_patterns_mean_the_same_in_python_and_javascript() -> None:
    """Python reads them as the function does: with `$` at the very end only."""
    texts = sample_texts()
    found = json.loads(run_node(IN_JAVASCRIPT, given=json.dumps({"patterns": list(PATTERNS.values()), "texts": texts})))
    for number, (name, pattern) in enumerate(PATTERNS.items()):
        validator = ContractValidator({"pattern": pattern})
        here = [validator.is_valid(text) for text in texts]
        assert any(here), name
        assert not all(here), name
        for flags, judged in found.items():
            differing = [
                text for text, ours, theirs in zip(texts, here, judged[number], strict=True) if ours != int(theirs)
            ]
            assert (name, flags, differing) == (name, flags, [])


# What RE2, and every other engine, knows: no lookaround, no class of one engine's own such as \s, no \u, no reference.
PORTABLE = re.compile(
    r"""(?x) \^ (?:
        \[\^? (?: \\x[0-9a-f]{2} | \\[-/\\] | [^\\\[\](){}/|&!\#$%*+,.:;<=>?@^`~] | \.(?!\.) )+ \]
      | \((?!\?) | \) | [*+?] | \{[0-9]+(?:,[0-9]+)?\} | \\[.] | [A-Za-z0-9:-]
    )* \$ """
)


@pytest.mark.parametrize("name", PATTERNS)
def test_pattern_uses_only_what_every_engine_knows(name: str) -> None:
    """It matches the whole text, and has `^` and `$` at its ends only."""
    assert PORTABLE.fullmatch(PATTERNS[name])
    assert PATTERNS[name].count("$") == 1


@pytest.mark.parametrize(
    "pattern", [r"^(?=a)b$", r"^\s$", "^a", "a$", r"^\u0041$", r"^(a)\1$", r"^[a[b]]$", "^a$|^b$", r"^\d$"]
)
def test_patterns_of_a_single_engine_are_noticed(pattern: str) -> None:
    """The check above can fail."""
    assert not PORTABLE.fullmatch(pattern)


def test_blanks_of_the_request_id_are_those_of_unicode() -> None:
    """They are listed because `\\s` differs between the engines: U+0085 and U+FEFF are blanks in one of two."""
    validator = ContractValidator(REQUEST_SCHEMA["properties"]["requestId"])
    plain = [character for character in map(chr, range(0x110000)) if not (character < " " or character == "\x7f")]
    assert [each for each in plain if validator.is_valid(each) == each.isspace()] == []
