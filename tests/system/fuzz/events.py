"""Invalid event bytes: noise, JSON with familiar keys, wrong requests, envelopes in envelopes,
and the samples with bytes cut, doubled and changed. Contains input shapes only, no expected results.
"""

import base64
import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from tests.support.checkout import EVENTS
from tests.support.samples import DOCUMENT

SAMPLES = [path.read_bytes() for path in sorted(EVENTS.rglob("*")) if path.is_file()]
REPLAY_ARGUMENTS: dict[str, Any] = {
    "statuses": ["failed", "indeterminate"],
    "codes": ["RoleNotExist", "DuplicateExpressSyncName", "AssumeRoleFail"],
    "requesters": ["lin.wei"],
    "name": "*",
    "olderThanSeconds": 0,
    "newerThanSeconds": 31_536_000,
    "set": {"bucketRegion": "cn-shanghai"},
    "dryRun": False,
    "force": True,
    "most": 1000,
    "perSecond": 1,
}
WORDS = [
    *DOCUMENT,
    *("specversion", "id", "source", "type", "subject", "data", "data_base64", "time", "traceparent", "correlationid"),
    *("messageId", "messageBody", "TopicName", "Message", "MessageId", "requestContext", "requestPayload"),
    *("triggerName", "triggerTime", "payload", "body", "attrs", ""),
    *("control", "drain", "replay", "requests", "deadLetters"),
    *REPLAY_ARGUMENTS,
]
ODD_TEXTS = [
    "",
    "\ud800",
    "\x00",
    "\u2028",
    "a\n",
    "-",
    "cn-hangzhou\n",
    "/x",
    "REQ-1",
    "図" * 400,
    "x" * 129,
    "e30",
    "[]",
]


def json_values() -> st.SearchStrategy[Any]:
    """Any JSON value, with familiar keys and awkward texts as values."""
    scalars = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.integers(min_value=10**300, max_value=10**310)
        | st.floats()
        | st.sampled_from(ODD_TEXTS)
        | st.text(max_size=20)
    )
    keys = st.sampled_from(WORDS) | st.text(max_size=8)
    return st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5), max_leaves=12
    )


def requests() -> st.SearchStrategy[Any]:
    """A valid request, or one with some properties replaced, added or missing."""
    names = st.sampled_from(list(DOCUMENT))
    valid = st.builds(lambda name, bucket: {**DOCUMENT, "name": name, "bucketName": bucket}, _NAMES, _BUCKETS)
    changes = st.dictionaries(names | st.text(max_size=8), json_values(), max_size=3)
    missing = st.sets(names, max_size=2)
    return valid | st.builds(
        lambda changed, gone: {k: v for k, v in {**DOCUMENT, **changed}.items() if k not in gone}, changes, missing
    )


_NAMES = st.sampled_from(("photos", "b", "c", "d", "e", "f", "g", "h"))
_BUCKETS = st.sampled_from(("holiday-bucket", "bucket-b", "bucket-c", "bucket-d"))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _base64(value: Any) -> str:
    return base64.b64encode(_text(value).encode("utf-8", "surrogatepass")).decode()


def _timer(value: Any) -> Any:
    return {"triggerName": "sweep", "triggerTime": "2026-11-23T08:00:00Z", "payload": _text(value)}


WRAPPINGS: tuple[Callable[[Any], Any], ...] = (
    lambda value: {"specversion": "1.0", "id": "E-1", "data": {"messageId": "M-1", "messageBody": _text(value)}},
    lambda value: {"messageId": "M-2", "messageBody": value},
    lambda value: {"TopicName": "t", "MessageId": "M-3", "Message": _text(value)},
    lambda value: {"requestContext": {"condition": "x"}, "requestPayload": _text(value)},
    _timer,
    lambda value: {"body": value, "attrs": {"Extend": "x"}},
    lambda value: {"specversion": "1.0", "id": "E-2", "source": "portal", "type": "t", "data": value},
    lambda value: {"specversion": "1.0", "id": "E-3", "source": "portal", "data_base64": _base64(value)},
    lambda value: [value],
    lambda value: [value, value],
    _text,
    _base64,
    lambda value: _base64(value).rstrip("="),
)


def orders() -> st.SearchStrategy[Any]:
    """Return a valid command, or one with other values, arguments or queues."""
    queues = st.sampled_from(("requests", "deadLetters"))
    right = st.sets(st.sampled_from(list(REPLAY_ARGUMENTS))).map(lambda names: {n: REPLAY_ARGUMENTS[n] for n in names})
    wrong = st.dictionaries(st.sampled_from(list(REPLAY_ARGUMENTS)), json_values(), max_size=2)
    replays = st.builds(lambda good, bad: {**good, **bad}, right, st.just({}) | wrong)
    drain, replay = queues.map(lambda queue: {"drain": queue}), replays.map(lambda given: {"replay": given})
    no_drain = json_values().map(lambda queue: {"drain": queue})
    return st.one_of(drain, drain, replay, replay, no_drain, json_values()).map(lambda control: {"control": control})


@st.composite
def given_orders(draw: st.DrawFn) -> bytes:
    """Return a command as the whole event, in a timer event, or in a wrong place."""
    value = draw(orders())
    for wrap in draw(st.sampled_from(((), (_timer,), (_base64, _timer))) | _WRAPS):
        value = wrap(value)
    return _text(value).encode("utf-8", "surrogatepass")


_CONTENTS = requests() | json_values()
_WRAPS = st.lists(st.sampled_from(WRAPPINGS), max_size=7)


@st.composite
def envelopes(draw: st.DrawFn) -> bytes:
    """A request or any value in up to seven layers of envelopes, whether they fit into each other or not."""
    value = draw(_CONTENTS)
    for wrap in draw(_WRAPS):
        value = wrap(value)
    return _text(value).encode("utf-8", "surrogatepass")


@st.composite
def mutated_samples(draw: st.DrawFn) -> bytes:
    """A sample with some stretches removed, doubled or overwritten."""
    data = draw(st.sampled_from(SAMPLES))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        stretch = draw(st.just(b"") | st.just(data[start:end] * 2) | st.binary(max_size=8) | st.sampled_from(_SPLICES))
        data = data[:start] + stretch + data[end:]
    return data


_SPLICES = (
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b"\\ud800",
    b"\\u0000",
    b"\xff",
    b"null",
    b"1e999",
    b"NaN",
    b"=",
    b"\r\n",
)


def big_ones() -> st.SearchStrategy[bytes]:
    """Depth and length at the bounds and far beyond."""
    sizes = st.sampled_from((31, 32, 33, 900, 5_000, 65_000, 70_000, 300_000))
    shapes: list[Callable[[int], bytes]] = [
        lambda size: b"[" * size + b"]" * size,
        lambda size: b'{"data":' * size + b"1" + b"}" * size,
        lambda size: b"9" * size,
        lambda size: json.dumps({**DOCUMENT, "description": "\U0001f300" * size}).encode(),
        lambda size: json.dumps({**DOCUMENT, **{f"unknown{number}": number for number in range(size // 8)}}).encode(),
        lambda size: json.dumps([{"messageId": "M", "messageBody": "x" * size}]).encode(),
        lambda size: json.dumps([{"messageBody": "1"}] * min(size, 200)).encode(),
        lambda size: base64.b64encode(b" " * size),
    ]
    return st.builds(lambda shape, size: shape(size), st.sampled_from(shapes), sizes)


def events() -> st.SearchStrategy[bytes]:
    """Return any of these; large events are rare, because they take long to build."""
    noise = st.binary(max_size=400) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
    values = json_values().map(lambda value: json.dumps(value).encode())
    kinds = [noise, values, *[given_orders(), envelopes(), mutated_samples()] * 2] * 6
    return st.one_of(*kinds, big_ones())
