"""What a storm will bring, from its seed alone: the requests, the faults they meet and the blows to the function. Pure.

Requests come in squalls of 16, as the trigger takes them; only every third squall has calls that are never answered,
because each of those takes a second. Bounds that keep the truth knowable: a late commit lands before a new instance
can be up, for the service promises nothing about when it has given up on a caller that died; and a code that denies
for good what the request plainly has is given to every create call of that name or to none.
"""

import base64
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from express_sync.local.crash_points import Point
from express_sync.local.mns.errors import ERRORS
from express_sync.local.sgw.errors import ERRORS as SGW_ERRORS
from tests.system.storm.strikes import Strike

SQUALL = 16
Kind = Literal["plain", "hopeless", "taken", "identical", "invalid", "garbage"]
_SHARES: Mapping[Kind, int] = {"plain": 86, "hopeless": 4, "taken": 3, "identical": 3, "invalid": 2, "garbage": 2}

IMPOSSIBLE = (
    "EmptyExpressSyncName",
    "EmptyBucketName",
    "EmptyBucketRegion",
    "InvalidExpressSyncName",
    "DescriptionOverLimit",
    "InvalidRegionId",
    "InvalidBucketName",
)
CALM_FAULT = "slow:0"  # keeps a place in a queue of faults and does nothing
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
LOOK_FAULTS = (
    *(*SGW_ERRORS, "throttling", "throttling:40", "unavailable", "http-502-html", "empty-500", "success-false"),
    *("malformed-200", "reset-before", "reset-after", "error-after", "slow:20", "slow:100"),
    *("early-hints", "http-403-html", "xml-error:InternalError", "xml-error:AssumeRoleFail"),
)
LOOK_SILENT = ("timeout-before", "timeout-after", "trickle", "retry-after:1")
PUBLISH_PASSING = (
    *("InternalError", "InternalServerError", "TooManyRequests", "QpsLimitExceeded", "TimeExpired"),
    *("reset-before", "reset-after", "error-after", "unavailable", "http-502-html", "slow:20"),
)
PUBLISH_LASTING = tuple(code for code in ERRORS if code not in PUBLISH_PASSING)
PUBLISH_SILENT = ("timeout-before", "timeout-after")


@dataclass(frozen=True, slots=True)
class Planned:
    """One body, sent as `copies` messages, the request in it if there is one, and what is laid in its way.

    `create_faults` strike the create calls of its group `fault_rounds` times over; `seeded` is a group that somebody
    else has made before, in the API's own field names.
    """

    kind: Kind
    body: str
    document: Mapping[str, Any] | None = None
    create_faults: tuple[str, ...] = ()
    fault_rounds: int = 1
    seeded: Mapping[str, str] | None = None
    copies: int = 1


@dataclass(frozen=True, slots=True)
class Forecast:
    """Everything that will happen; `marker` begins every text planted where none of it may come out."""

    plans: tuple[Planned, ...]
    look_faults: tuple[str, ...]
    publish_faults: tuple[str, ...]
    strikes: tuple[Strike, ...]
    marker: str

    def messages(self) -> list[Planned]:
        """The plan of each message, in the order of sending."""
        return [planned for planned in self.plans for _ in range(planned.copies)]


def forecast(seed: int, requests: int) -> Forecast:
    """The storm of `seed` for about so many requests; some of them come twice or three times."""
    chance = random.Random(seed)
    marker = f"planted{chance.getrandbits(48):012x}"
    return Forecast(
        tuple(_planned(chance, marker, number, number // SQUALL % 3 == 0) for number in range(requests)),
        tuple(_look_fault(chance, number) for number in range(requests)),
        tuple(fault for squall in range(requests // SQUALL + 1) for fault in _publish_squall(chance, squall)),
        tuple(_strikes(chance, requests)),
        marker,
    )


def _planned(chance: random.Random, marker: str, number: int, is_silent: bool) -> Planned:
    kind = chance.choices(get_args(Kind), [_SHARES[kind] for kind in get_args(Kind)])[0]
    if kind == "garbage":
        return Planned(kind, chance.choice(_GARBAGE).replace("MARKER", f"{marker}-{number}"))
    document = _document(chance, marker, number)
    if kind == "invalid":
        return Planned(kind, _body(chance, {**document, **chance.choice(_FLAWS), "colour": f"{marker}-{number}"}))
    body = _body(chance, document)
    if kind == "hopeless":
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


def _seeded(kind: Kind, document: Mapping[str, Any], marker: str) -> Mapping[str, str] | None:
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


def _look_fault(chance: random.Random, number: int) -> str:
    round_of_40, place = divmod(number, 40)
    return LOOK_SILENT[round_of_40 % len(LOOK_SILENT)] if place == 5 else _sprinkled(chance, LOOK_FAULTS, 0.3)


def _sprinkled(chance: random.Random, faults: Sequence[str], share: float) -> str:
    return chance.choice(faults) if chance.random() < share else CALM_FAULT


def _publish_squall(chance: random.Random, squall: int) -> Sequence[str]:
    faults = [_sprinkled(chance, PUBLISH_PASSING, 0.25) for _ in range(2 * SQUALL)]
    if squall % 16 == 1:
        faults[:4] = [chance.choice(PUBLISH_SILENT) for _ in range(4)]
    if squall % 3 == 2:
        faults[SQUALL] = chance.choice(PUBLISH_LASTING)
    return faults


def _strikes(chance: random.Random, requests: int) -> Sequence[Strike]:
    """One blow for every 12 requests or so, a stall for every 300 because each takes the function's whole timeout."""
    blows = [_strike(chance) for _ in range(requests // 12)]
    for stall in range(requests // 300):
        blows.insert(len(blows) * (stall + 1) // (requests // 300 + 1), Strike("stall", 20, "create-answered"))
    return blows


def _strike(chance: random.Random) -> Strike:
    blow = chance.choices(
        ("kill", "kill-soon", "restart-mns", "restart-sgw"),
        (50, 25, 12, 13),
    )[0]
    if blow == "kill":
        point = chance.choice(_POINTS)
        return Strike("kill", chance.randint(1, 3) if point == "requeue-answered" else chance.randint(8, 28), point)
    if blow == "kill-soon":
        return Strike("kill-soon", chance.randint(20, 100), None, chance.uniform(0, 0.05))
    restart: Literal["restart-mns", "restart-sgw"] = "restart-mns" if blow == "restart-mns" else "restart-sgw"
    return Strike(restart, chance.randint(20, 100), None, chance.uniform(0.05, 0.4))


_POINTS: tuple[Point, ...] = get_args(Point)
_GARBAGE = (
    "MARKER is no JSON at all",
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
