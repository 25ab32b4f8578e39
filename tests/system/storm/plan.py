"""Plans a storm from its seed alone: the requests, the faults they meet and the disruptions of the function. Pure.

Requests come in batches of 16, as the trigger takes them; only every third batch has calls that are never answered,
because each of those takes a second. Two limits keep the expected outcome known: a late commit lands before a new
instance can be ready, and a permanent error code is returned to every create call of a name or to none of them.
"""

import base64
import itertools
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from express_sync.local.crash_points import Point
from express_sync.local.mns.errors import ERRORS
from express_sync.local.sgw.errors import ERRORS as SGW_ERRORS
from handler.transport.pool import MAX_IDLE_SECONDS
from tests.support.samples import IMPOSSIBLE
from tests.system.storm.disruptions import Disruption

BATCH = 16
MessageKind = Literal["plain", "impossible", "taken", "identical", "invalid", "garbage"]
_WEIGHTS: Mapping[MessageKind, int] = {
    "plain": 86,
    "impossible": 4,
    "taken": 3,
    "identical": 3,
    "invalid": 2,
    "garbage": 2,
}

NO_FAULT = "slow:0"  # keeps a place in a queue of faults and does nothing
SGW_REFUSALS = tuple(code for code in SGW_ERRORS if code not in IMPOSSIBLE)
SGW_FAULTS = (
    *("AssumeRoleFail", "InternalError", "throttling", "throttling:40", "unavailable", "http-502-html", "empty-500"),
    *("success-false", "malformed-200", "reset-before", "reset-after", "error-after", "slow:20", "slow:100"),
    *("early-hints", "http-403-html", "normalised", "late-500:0.05", "late-500:0.15"),
    *(f"xml-error:{code}" for code in ("AssumeRoleFail", "InternalError", "DuplicateExpressSyncName", "RoleNotExist")),
)
SGW_SILENT = (
    *("timeout-before", "timeout-after", "late-commit:0.05", "late-commit:0.15"),
    *("trickle", "retry-after:1"),
)
LOOKUP_FAULTS = (
    *(*SGW_ERRORS, "throttling", "throttling:40", "unavailable", "http-502-html", "empty-500", "success-false"),
    *("malformed-200", "reset-before", "reset-after", "error-after", "slow:20", "slow:100"),
    *("early-hints", "http-403-html", "xml-error:InternalError", "xml-error:AssumeRoleFail"),
)
LOOKUP_SILENT = ("timeout-before", "timeout-after", "trickle", "retry-after:1")
PUBLISH_TRANSIENT = (
    *("InternalError", "InternalServerError", "TooManyRequests", "QpsLimitExceeded", "TimeExpired"),
    *("reset-before", "reset-after", "error-after", "unavailable", "http-502-html", "slow:20"),
)
PUBLISH_PERMANENT = tuple(code for code in ERRORS if code not in PUBLISH_TRANSIENT)
PUBLISH_SILENT = ("timeout-before", "timeout-after")


@dataclass(frozen=True, slots=True)
class Planned:
    """One body, sent as `copies` messages, the request in it if there is one, and what is laid in its way.

    `create_faults` apply to the create calls of its group, `fault_rounds` times over; `seeded` is a group that exists
    already, in the field names of the API.
    """

    kind: MessageKind
    body: str
    document: Mapping[str, Any] | None = None
    create_faults: tuple[str, ...] = ()
    fault_rounds: int = 1
    seeded: Mapping[str, str] | None = None
    copies: int = 1


@dataclass(frozen=True, slots=True)
class StormPlan:
    """Everything that will happen; `marker` starts every text that must not appear in a log or an error."""

    plans: tuple[Planned, ...]
    lookup_faults: tuple[str, ...]
    publish_faults: tuple[str, ...]
    disruptions: tuple[Disruption, ...]
    marker: str

    def messages(self) -> list[Planned]:
        """Return the plan of each message, in the order of sending."""
        return [planned for planned in self.plans for _ in range(planned.copies)]


def plan_storm(seed: int, requests: int) -> StormPlan:
    """Return the storm of `seed` with so many requests; some of them are sent two or three times."""
    chance = random.Random(seed)
    marker = f"planted{chance.getrandbits(48):012x}"
    return StormPlan(
        tuple(_planned(chance, marker, number, number // BATCH % 3 == 0) for number in range(requests)),
        tuple(_lookup_faults(chance, requests)),
        tuple(fault for batch in range(requests // BATCH + 1) for fault in _publish_batch(chance, batch)),
        tuple(_disruptions(chance, requests)),
        marker,
    )


def _planned(chance: random.Random, marker: str, number: int, is_silent: bool) -> Planned:
    kind = chance.choices(get_args(MessageKind), [_WEIGHTS[kind] for kind in get_args(MessageKind)])[0]
    if kind == "garbage":
        return Planned(kind, chance.choice(_GARBAGE).replace("MARKER", f"{marker}-{number}"))
    document = _document(chance, marker, number)
    if kind == "invalid":
        return Planned(kind, _body(chance, {**document, **chance.choice(_FLAWS), "colour": f"{marker}-{number}"}))
    body = _body(chance, document)
    if kind == "impossible":
        return Planned(kind, body, document, (chance.choice(IMPOSSIBLE),), fault_rounds=10_000)
    faults, copies = _create_faults(chance, is_silent), chance.choices((1, 2, 3), (92, 5, 3))[0]
    return Planned(kind, body, document, faults, 1, _seeded(kind, document, f"{marker}-{number}"), copies)


def _document(chance: random.Random, marker: str, number: int) -> dict[str, Any]:
    document = {
        "requestId": f"REQ-{number}",
        "name": f"storm-{number}",
        "bucketName": f"bucket-{number}",
        "bucketRegion": chance.choice(("cn-hangzhou", "cn-shanghai", "eu-central-1")),
        "bucketPrefix": chance.choice(("", "teams/design", "teams/design/", "图片/二〇二六")),
        "description": f"{marker}-{number} of the storm",
        "requester": f"{marker}-{number}",
    }
    return {name: value for name, value in document.items() if value}


def _body(chance: random.Random, document: Mapping[str, Any]) -> str:
    text = json.dumps(document, ensure_ascii=False)
    return base64.b64encode(text.encode()).decode() if chance.random() < 0.2 else text


def _seeded(kind: MessageKind, document: Mapping[str, Any], marker: str) -> Mapping[str, str] | None:
    if kind not in ("taken", "identical"):
        return None
    group = {
        "Name": document["name"],
        "BucketName": document["bucketName"] if kind == "identical" else f"another-{document['bucketName']}",
        "BucketRegion": document["bucketRegion"],
        "BucketPrefix": document.get("bucketPrefix", ""),
        "Description": marker,
    }
    return {name: value for name, value in group.items() if value}


def _create_faults(chance: random.Random, is_silent: bool) -> tuple[str, ...]:
    count = chance.choices((0, 1, 2, 3, 6), (30, 35, 20, 10, 5))[0]
    kinds, weights = (SGW_FAULTS, SGW_REFUSALS, SGW_SILENT), (70, 20, 20 if is_silent else 0)
    return tuple(chance.choice(kind) for kind in chance.choices(kinds, weights, k=count))


def _lookup_faults(chance: random.Random, requests: int) -> Iterator[str]:
    """Yield the faults in turn, so that a small storm has each of them: one lookup in 40 is silent, 3 in 10 fail."""
    silent, others = (itertools.cycle(chance.sample(faults, len(faults))) for faults in (LOOKUP_SILENT, LOOKUP_FAULTS))
    for number in range(requests):
        if number % 40 == 5:
            yield next(silent)
        else:
            yield next(others) if chance.random() < 0.3 else NO_FAULT


def _sprinkled(chance: random.Random, faults: Sequence[str], share: float) -> str:
    return chance.choice(faults) if chance.random() < share else NO_FAULT


def _publish_batch(chance: random.Random, batch: int) -> Sequence[str]:
    faults = [_sprinkled(chance, PUBLISH_TRANSIENT, 0.25) for _ in range(2 * BATCH)]
    if batch % 16 == 1:
        faults[:4] = [chance.choice(PUBLISH_SILENT) for _ in range(4)]
    if batch % 3 == 2:
        faults[BATCH] = chance.choice(PUBLISH_PERMANENT)
    return faults


def _disruptions(chance: random.Random, requests: int) -> Sequence[Disruption]:
    """Return one disruption for every 12 requests or so, and for every 300 a stall, which takes the whole timeout.

    And as many freezes that last longer than a connection may be idle.
    """
    disruptions = [_disruption(chance) for _ in range(requests // 12)]
    stalls = requests // 300
    for stall in range(stalls):
        place = len(disruptions) * (stall + 1) // (stalls + 1)
        disruptions.insert(place, Disruption("stall", 20, "create-answered"))
        disruptions.append(Disruption("freeze", 20, "create-sent", MAX_IDLE_SECONDS + 1))
    return disruptions


def _disruption(chance: random.Random) -> Disruption:
    kind = chance.choices(
        ("kill", "kill-soon", "restart-mns", "restart-sgw", "freeze"),
        (45, 23, 11, 11, 10),
    )[0]
    if kind == "kill":
        point = chance.choice(_POINTS)
        return Disruption("kill", chance.randint(1, 3) if point == "requeue-answered" else chance.randint(8, 28), point)
    if kind == "kill-soon":
        return Disruption("kill-soon", chance.randint(20, 100), None, chance.uniform(0, 0.05))
    if kind == "freeze":
        return Disruption("freeze", chance.randint(20, 100), None, chance.uniform(0.05, 2))
    restart: Literal["restart-mns", "restart-sgw"] = "restart-mns" if kind == "restart-mns" else "restart-sgw"
    return Disruption(restart, chance.randint(20, 100), None, chance.uniform(0.05, 0.4))


_POINTS: tuple[Point, ...] = get_args(Point)
_GARBAGE = (
    "MARKER is not JSON",
    '{"requestId": "MARKER", "name": ',
    '["MARKER", {"name": "MARKER"}]',
    '"MARKER"',
    '{"MARKER": ' + "[" * 500 + "]" * 500 + "}",
)
_FLAWS: tuple[Mapping[str, Any], ...] = (
    {"name": "1-starts-with-a-digit"},
    {"bucketName": "Capital-Letters"},
    {"bucketRegion": "oss-cn-hangzhou\n"},
    {"bucketPrefix": "/absolute"},
    {"requester": 7},
)
