"""Runs one storm through a local cloud and reports what happened."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from express_sync.local.account import LOCAL_ACCOUNT
from handler.model import Adoption
from tests.support.patience import PATIENCE_SECONDS
from tests.system.storm.invariants import Observed, contradictions, final, leaks, without_request
from tests.system.storm.plan import LOOKUP_SILENT, NO_FAULT, StormPlan, plan_storm
from tests.system.storm.watched_cloud import (
    FAST,
    SHORT_TIMEOUT,
    TWO_TIERS,
    Document,
    WatchedCloud,
    pulling,
    watched_cloud,
    with_timeout,
)

TIMEOUT_SECONDS = 20
SECONDS_PER_REQUEST = 0.5
_SIGNATURES = re.compile(r"Signature=|\b[0-9a-f]{64}\b|[A-Za-z0-9+/]{27}=")  # of sgw by name or by value, of MNS


@dataclass(frozen=True, slots=True)
class StormResult:
    """What the storm did; each entry of `contradictions` and `leaks` is a broken promise."""

    counts: Mapping[str, object]
    contradictions: list[str]
    leaks: list[str]

    def __str__(self) -> str:
        lines = [f"  {what + ':':<34}{count}" for what, count in self.counts.items()]
        wrong = [f"  WRONG: {sentence}" for sentence in (*self.contradictions, *self.leaks)]
        return "\n".join([*lines, *wrong])


def run_storm(
    seed: int, requests: int, directory: Path, adoption: Adoption = "identical", *, is_pulled: bool = False
) -> StormResult:
    """Run the storm of `seed` under a policy; `directory` takes the copy of the template.

    `is_pulled`: the function takes the messages itself, on the command of a timer.
    """
    plan = plan_storm(seed, requests)
    options = pulling(directory) if is_pulled else with_timeout(TIMEOUT_SECONDS, directory)
    chosen = {"EXPRESS_SYNC_MAX_ATTEMPTS": "3", "EXPRESS_SYNC_ADOPTION": adoption}
    settings = {**FAST, **SHORT_TIMEOUT, **TWO_TIERS, **chosen}
    with watched_cloud(settings, plan.disruptions, options) as running:
        _prepare(running, plan)
        messages = plan.messages()
        ids = running.send([planned.body for planned in messages])
        running.settle(PATIENCE_SECONDS + SECONDS_PER_REQUEST * requests)
        observed = Observed(dict(zip(ids, messages, strict=True)), running.published(), running.groups(), adoption)
        counts = {"seed": seed, "adoption": adoption, "requests": requests, **_counts(running, observed, plan)}
        return StormResult(counts, contradictions(observed), _leaks(running, observed, plan))


def _prepare(running: WatchedCloud, plan: StormPlan) -> None:
    for planned in plan.plans:
        if planned.seeded:
            running.seed_group(**planned.seeded)
        if planned.document and planned.create_faults:
            running.fail_creates(planned.document["name"], planned.create_faults, planned.fault_rounds)
    running.fail_lookups(plan.lookup_faults)
    running.fail_publications(plan.publish_faults)


def _counts(running: WatchedCloud, observed: Observed, plan: StormPlan) -> Mapping[str, object]:
    ends = Counter(answer.outcome for answer in (*running.answers, *running.sweeps))
    publications = running.disruptions.points["publish-sent"]
    histories = observed.histories()
    verdicts = Counter(
        final(events_by_subject)["data"]["status"] for events_by_subject in observed.events_by_subject().values()
    )
    histories_of_statuses = [[event["data"]["status"] for event in history] for history in histories.values()]
    return {
        "messages": len(observed.sent),
        "faults of sgw": sum(call["fault"] not in (None, NO_FAULT) for call in running.calls("sgw")),
        "silent lookups": sum(call["fault"] in LOOKUP_SILENT for call in _lookups(running)),
        "faults of mns": sum(fault != NO_FAULT for fault in plan.publish_faults[:publications]),
        "processes killed": ends["exited"],
        "processes timed out": ends["timed-out"],
        "processes frozen": running.disruptions.done["freeze"],
        "services restarted": running.disruptions.done["restart-mns"] + running.disruptions.done["restart-sgw"],
        "invocations unfinished": ends.total() - ends["succeeded"],
        "outcomes published": len(observed.published),
        "requests requeued": running.disruptions.points["requeue-answered"],
        "distinct outcomes": sum(map(len, histories.values())),
        "final verdicts": dict(verdicts),
        "failed, later succeeded": sum(_follows(s, "failed", "succeeded") for s in histories_of_statuses),
        "succeeded, later indeterminate": sum(_follows(s, "succeeded", "indeterminate") for s in histories_of_statuses),
        "log lines searched": len(running.lines),
    }


def _lookups(running: WatchedCloud) -> list[Document]:
    return [call for call in running.calls("sgw") if call["operation"] == "DescribeExpressSyncs"]


def _follows(statuses: list[str], first: str, then: str) -> bool:
    return first in statuses and then in statuses[statuses.index(first) :]


def _leaks(running: WatchedCloud, observed: Observed, plan: StormPlan) -> list[str]:
    """Return secrets of the account, signatures and planted texts, except in the request of an outcome."""
    keys = (LOCAL_ACCOUNT.user, LOCAL_ACCOUNT.role)
    bodies = (planned.body[:40] for planned in plan.plans)
    secrets = {key.access_key_secret for key in keys} | {LOCAL_ACCOUNT.role.security_token, plan.marker, *bodies}
    answers = (*running.answers, *running.sweeps)
    texts = [
        *running.lines,
        *(answer.body.decode() for answer in answers),
        *(answer.log.decode(errors="replace") for answer in answers),
        *map(without_request, observed.published),
    ]
    signed = [f"a signature in {text[:200]!r}" for text in texts if _SIGNATURES.search(text)]
    return [*leaks(texts, sorted(secrets)), *signed]
