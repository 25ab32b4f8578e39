"""Runs one storm through a local cloud and reports what it survived."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from express_sync.local.account import LOCAL_ACCOUNT
from handler.model import Adoption
from tests.support.patience import PATIENCE_SECONDS
from tests.system.storm.forecast import CALM_FAULT, LOOK_SILENT, Forecast, forecast
from tests.system.storm.stage import FAST, IMPATIENT, TWO_TIERS, Document, Stage, pulling, stage, with_timeout
from tests.system.storm.truth import Storm, contradictions, final, leaks, without_request

TIMEOUT_SECONDS = 20
SECONDS_PER_REQUEST = 0.5
_SIGNATURES = re.compile(r"Signature=|\b[0-9a-f]{64}\b|[A-Za-z0-9+/]{27}=")  # of sgw by name or by value, of MNS


@dataclass(frozen=True, slots=True)
class Survived:
    """What the storm did and what was wrong in the end: `contradictions` and `leaks` are empty, or a promise broke."""

    counts: Mapping[str, object]
    contradictions: list[str]
    leaks: list[str]

    def __str__(self) -> str:
        lines = [f"  {what + ':':<34}{count}" for what, count in self.counts.items()]
        wrong = [f"  WRONG: {sentence}" for sentence in (*self.contradictions, *self.leaks)]
        return "\n".join([*lines, *wrong])


def survive(
    seed: int, requests: int, directory: Path, adoption: Adoption = "identical", *, is_pulled: bool = False
) -> Survived:
    """Run the storm of `seed` under a policy; `directory` takes the copy of the template.

    `is_pulled`: the function takes the messages itself, on the order of a timer.
    """
    coming = forecast(seed, requests)
    options = pulling(directory) if is_pulled else with_timeout(TIMEOUT_SECONDS, directory)
    settings = {**FAST, **IMPATIENT, **TWO_TIERS, "EXPRESS_SYNC_MAX_ATTEMPTS": "3", "EXPRESS_SYNC_ADOPTION": adoption}
    with stage(settings, coming.strikes, options) as running:
        _prepare(running, coming)
        messages = coming.messages()
        ids = running.send([planned.body for planned in messages])
        running.settle(PATIENCE_SECONDS + SECONDS_PER_REQUEST * requests)
        storm = Storm(dict(zip(ids, messages, strict=True)), running.announced(), running.groups(), adoption)
        counts = {"seed": seed, "adoption": adoption, "requests": requests, **_counts(running, storm, coming)}
        return Survived(counts, contradictions(storm), _leaks(running, storm, coming))


def _prepare(running: Stage, coming: Forecast) -> None:
    for planned in coming.plans:
        if planned.seeded:
            running.seed_group(**planned.seeded)
        if planned.document and planned.create_faults:
            running.bend_create(planned.document["name"], planned.create_faults, planned.fault_rounds)
    running.bend_look(coming.look_faults)
    running.bend_publish(coming.publish_faults)


def _counts(running: Stage, storm: Storm, coming: Forecast) -> Mapping[str, object]:
    ends = Counter(answer.outcome for answer in (*running.answers, *running.sweeps))
    publications = running.strikes.points["publish-sent"]
    histories = storm.histories()
    verdicts = Counter(final(words)["data"]["status"] for words in storm.words().values())
    histories_of_statuses = [[event["data"]["status"] for event in history] for history in histories.values()]
    return {
        "messages": len(storm.sent),
        "faults of sgw": sum(call["fault"] not in (None, CALM_FAULT) for call in running.calls("sgw")),
        "silent looks": sum(call["fault"] in LOOK_SILENT for call in _looks(running)),
        "faults of mns": sum(fault != CALM_FAULT for fault in coming.publish_faults[:publications]),
        "processes killed": ends["exited"],
        "processes timed out": ends["timed-out"],
        "services restarted": running.strikes.dealt["restart-mns"] + running.strikes.dealt["restart-sgw"],
        "invocations unfinished": ends.total() - ends["succeeded"],
        "outcomes announced": len(storm.announced),
        "requests sent back": running.strikes.points["requeue-answered"],
        "distinct outcomes": sum(map(len, histories.values())),
        "final verdicts": dict(verdicts),
        "failed, later succeeded": sum(_follows(s, "failed", "succeeded") for s in histories_of_statuses),
        "succeeded, later indeterminate": sum(_follows(s, "succeeded", "indeterminate") for s in histories_of_statuses),
        "log lines searched": len(running.lines),
    }


def _looks(running: Stage) -> list[Document]:
    return [call for call in running.calls("sgw") if call["operation"] == "DescribeExpressSyncs"]


def _follows(statuses: list[str], first: str, then: str) -> bool:
    return first in statuses and then in statuses[statuses.index(first) :]


def _leaks(running: Stage, storm: Storm, coming: Forecast) -> list[str]:
    """Secrets of the account, signatures and planted texts, anywhere but in the request of an outcome."""
    keys = (LOCAL_ACCOUNT.user, LOCAL_ACCOUNT.role)
    bodies = (planned.body[:40] for planned in coming.plans)
    secrets = {key.access_key_secret for key in keys} | {LOCAL_ACCOUNT.role.security_token, coming.marker, *bodies}
    answers = (*running.answers, *running.sweeps)
    said = [
        *running.lines,
        *(answer.body.decode() for answer in answers),
        *(answer.log.decode(errors="replace") for answer in answers),
        *map(without_request, storm.announced),
    ]
    signed = [f"a signature in {text[:200]!r}" for text in said if _SIGNATURES.search(text)]
    return [*leaks(said, sorted(secrets)), *signed]
