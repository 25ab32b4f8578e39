"""The handler keeps the outcome guarantee in every schedule of so many faults, and broken variants are detected.

`settings.GROUPS` has the number of faults; `make model` explores more of them.
"""

from collections import Counter
from dataclasses import replace
from typing import NamedTuple

import pytest

from tests.system.model import broken_variants as variants
from tests.system.model.broken_variants import altering_requeued_requests, provisioning_as, with_event, with_ids_from
from tests.system.model.choices import Choices, all_ways
from tests.system.model.composition import Shape
from tests.system.model.faults import EVERY_FAULT, OUTAGE, SILENCE
from tests.system.model.invariants import VIOLATIONS, Kind, Story
from tests.system.model.recording import Recordings
from tests.system.model.schedules import Tally, ended
from tests.system.model.settings import (
    ACKNOWLEDGED_FOR_BOTH,
    AMPLE,
    BODIES,
    CLOCKS,
    DEFERRING,
    DISTRUSTED,
    FORMS,
    FREE,
    GROUPS,
    HASTY,
    IDENTICAL,
    IN_OUTAGES,
    INITIAL_STATES,
    NEIGHBOURS,
    NORMALISED,
    PAIRS,
    PULLED,
    SCARCE,
    SETTINGS,
    SUBMITTED_TWICE,
    TAKEN,
    THREE_MESSAGES,
    TWO_BODIES,
    InitialState,
    Pair,
    Setting,
)


class Detection(NamedTuple):
    """The violation of a broken variant, and the setting and least number of faults that show it."""

    kind: Kind
    shape: Shape
    setting: Setting
    faults: int


NEVER_LOOKS = provisioning_as(variants.NeverLooks)
TAKES_NAMESAKE = provisioning_as(variants.TakesANamesakeForItsOwn)
LOOKS_ONCE, LOOKS_TWICE = provisioning_as(variants.LooksOnce), provisioning_as(variants.LooksTwice)
BELIEVES_REFUSAL = provisioning_as(variants.BelievesARefusedLook)
BUCKET_ONLY, NEVER_SURE = provisioning_as(variants.LooksOnTheBucketOnly), provisioning_as(variants.IsNeverSure)
ERRORS_END_IT = provisioning_as(variants.TakesErrorsForTheEnd)
ANOTHER_ID_EACH_TIME = with_ids_from(lambda outcome: outcome.event["data"]["timings"])
ONE_ID_FOR_ALL = with_ids_from(lambda outcome: outcome.event["subject"])
SWALLOWS = variants.swallowing_failures_to_publish
LOSES, SENDS_FIRST, SENDS_TWICE = (
    variants.swallowing_failures_to_requeue,
    variants.requeueing_before_publishing,
    variants.requeueing_twice,
)
FORGETS_COPIES, ABANDONS = variants.forgetting_copies, variants.abandoning_what_it_cannot_requeue
RAISES_OUT_OF_TIME = variants.raising_when_time_is_out
RENAMES = altering_requeued_requests(lambda event: {**event, "data": {**event["data"], "name": "another"}})
NEVER_COUNTS = variants.requeueing_without_counting
AN_ID_FOR_EACH_GENERATION = with_ids_from(
    lambda outcome: (outcome.status, outcome.event["data"].get("error"), outcome.event["data"]["generation"])
)
ONE_ID_PER_REQUEST = with_ids_from(
    lambda outcome: (outcome.event["subject"], outcome.status, outcome.event["data"].get("expressSyncId"))
)
BY_ATTEMPTS = with_event(lambda outcome: {"sequence": "{generation:04d}-{attempts}".format(**outcome.event["data"])})
BY_THE_CLOCK = with_event(lambda outcome: {"sequence": outcome.event["time"]})
ALWAYS_REFUSED = Setting(FREE, "identical", HASTY, deferrals=1, alphabet=OUTAGE)
OTHER_DESCRIPTION = TWO_BODIES[0]
TWO_DESCRIPTIONS = Setting(OTHER_DESCRIPTION, "identical", SCARCE, (0, 1), batch=2)
FREE_AMPLE, FREE_SCARCE = Setting(FREE, "identical", AMPLE), Setting(FREE, "identical", SCARCE)
OWNED = Setting(FREE, "owned", AMPLE)

DETECTED = {
    "never-looks-and-fails": Detection(Kind.FALSE_FAILURE, NEVER_LOOKS, OWNED, 1),
    "never-looks-and-retracts": Detection(Kind.RETRACTION, NEVER_LOOKS, OWNED, 1),
    "never-looks-and-misleads": Detection(Kind.MISBELIEF, NEVER_LOOKS, OWNED, 1),
    "looks-once": Detection(Kind.FALSE_FAILURE, LOOKS_ONCE, FREE_AMPLE, 2),
    "looks-once-in-haste": Detection(Kind.FALSE_FAILURE, LOOKS_ONCE, FREE_SCARCE, 1),
    "looks-twice": Detection(Kind.FALSE_FAILURE, LOOKS_TWICE, FREE_AMPLE, 2),
    "believes-a-refused-look": Detection(Kind.FALSE_FAILURE, BELIEVES_REFUSAL, FREE_AMPLE, 3),
    "takes-errors-for-the-end": Detection(Kind.FALSE_FAILURE, ERRORS_END_IT, Setting(FREE, "identical", HASTY), 1),
    "forgets-the-doubt-of-another-body": Detection(
        Kind.FALSE_FAILURE, variants.forgetting_doubt, replace(TWO_DESCRIPTIONS, timing=HASTY), 2
    ),
    "answers-for-another-body": Detection(
        Kind.NEEDLESS_DOUBT, variants.answering_for_another, replace(TWO_DESCRIPTIONS, timing=HASTY), 1
    ),
    "compares-as-text": Detection(
        Kind.FALSE_FAILURE, provisioning_as(variants.ComparesAsText), Setting(NORMALISED[0], "identical", AMPLE), 1
    ),
    "consults-no-mark": Detection(
        Kind.FALSE_FAILURE, provisioning_as(variants.ConsultsNoMark), Setting(NORMALISED[0], "owned", AMPLE), 1
    ),
    "looks-on-the-bucket-only": Detection(Kind.UNSETTLED, BUCKET_ONLY, Setting(TAKEN, "identical", AMPLE), 0),
    "is-never-sure": Detection(Kind.NEEDLESS_DOUBT, NEVER_SURE, Setting(TAKEN, "owned", AMPLE), 0),
    "takes-any-group-of-the-name": Detection(Kind.FALSE_SUCCESS, TAKES_NAMESAKE, Setting(TAKEN, "owned", AMPLE), 0),
    "takes-another-owners": Detection(Kind.WRONG_ADOPTION, TAKES_NAMESAKE, Setting(IDENTICAL, "owned", AMPLE), 0),
    "swallows-what-it-cannot-publish": Detection(Kind.SILENCE, SWALLOWS, OWNED, 1),
    "swallows-it-while-draining": Detection(Kind.SILENCE, SWALLOWS, replace(OWNED, is_pulled=True), 1),
    "another-id-each-time": Detection(Kind.UNSTABLE_ID, ANOTHER_ID_EACH_TIME, OWNED, 1),
    "one-id-for-all": Detection(Kind.UNSTABLE_ID, ONE_ID_FOR_ALL, OWNED, 2),
    "one-id-per-request": Detection(Kind.UNSTABLE_ID, ONE_ID_PER_REQUEST, replace(OWNED, submitted=(0, 0)), 0),
    "an-id-for-each-generation": Detection(
        Kind.UNSTABLE_ID, AN_ID_FOR_EACH_GENERATION, Setting(TAKEN, "owned", HASTY, deferrals=1), 2
    ),
    "orders-by-attempts": Detection(Kind.MISBELIEF, BY_ATTEMPTS, FREE_SCARCE, 3),
    "orders-by-the-clock": Detection(Kind.MISBELIEF, BY_THE_CLOCK, replace(FREE_SCARCE, instances=CLOCKS), 3),
    "is-never-sure-and-defers": Detection(
        Kind.NEEDLESS_DOUBT, NEVER_SURE, Setting(TAKEN, "owned", HASTY, deferrals=1), 0
    ),
    "loses-what-it-cannot-requeue": Detection(Kind.SILENCE, LOSES, ALWAYS_REFUSED, 1),
    "waits-for-what-it-has-lost": Detection(Kind.MISBELIEF, LOSES, ALWAYS_REFUSED, 1),
    "requeues-before-publishing": Detection(Kind.UNPUBLISHED, SENDS_FIRST, ALWAYS_REFUSED, 0),
    "requeues-another-request": Detection(Kind.ALTERED, RENAMES, ALWAYS_REFUSED, 0),
    "never-counts": Detection(Kind.ENDLESS, NEVER_COUNTS, ALWAYS_REFUSED, 0),
    "requeues-twice": Detection(Kind.MULTIPLIED, SENDS_TWICE, ALWAYS_REFUSED, 0),
    "forgets-copies": Detection(Kind.MULTIPLIED, FORGETS_COPIES, replace(ALWAYS_REFUSED, submitted=(0, 0), batch=2), 1),
    "retries-around-retries": Detection(
        Kind.TOO_MANY_CALLS, provisioning_as(variants.TriesAgainInDoubt), Setting(FREE, "identical", HASTY), 1
    ),
    "raises-when-time-is-out": Detection(
        Kind.REPEATED, RAISES_OUT_OF_TIME, replace(TWO_DESCRIPTIONS, alphabet=SILENCE), 0
    ),
    "raises-and-takes-its-neighbour-along": Detection(
        Kind.NEIGHBOUR, RAISES_OUT_OF_TIME, Setting(THREE_MESSAGES, "identical", SCARCE, (0, 1, 2), batch=3), 1
    ),
    "abandons-what-is-on-its-way": Detection(Kind.DISCORD, ABANDONS, ALWAYS_REFUSED, 1),
}


def name_of(setting: Setting | Pair | InitialState) -> str:
    return setting.name.replace(", ", "-").replace(": ", "-").replace(" ", "-")


def broken(setting: Setting | Pair, tally: Tally) -> dict[Kind, int]:
    """Return each kind that must not be found and was, with the number of schedules."""
    return {kind: tally.found[kind] for kind in setting.forbidden if tally.found[kind]}


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("setting", "faults"),
    [
        pytest.param(setting, group.faults_in_tests, id=f"{name_of(setting)}-{group.faults_in_tests}-faults")
        for group in GROUPS
        for setting in group.settings
    ],
)
def test_no_schedule_breaks_an_invariant(setting: Setting | Pair, faults: int) -> None:
    """Checks the events, the beliefs of a consumer, and the number of messages and calls."""
    tally = setting.tally(faults)
    assert tally.schedules > 6**faults
    assert broken(setting, tally) == {}


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "setting", [each for each in PULLED if len(each.submitted) == 1 and each.alphabet is EVERY_FAULT], ids=name_of
)
def test_no_schedule_breaks_an_invariant_in_pull_intake(setting: Setting) -> None:
    """Hiding and deleting a message may fail, in place of the acknowledgement of the trigger."""
    assert broken(setting, setting.tally(3)) == {}


@pytest.mark.timeout(900)
def test_final_doubt_holds_against_a_failure_of_any_generation() -> None:
    """A message of an earlier generation that is redelivered after the `failed` may make the group without success."""
    setting = Setting(FREE, "never", HASTY, deferrals=1)
    assert broken(setting, setting.tally(faults=4)) == {}


def test_dropping_known_ids_misleads_from_three_faults_on() -> None:
    """After `failed`, `deferred` and the same `failed` again, a consumer that dropped the last one waits for ever."""
    setting = Setting(TAKEN, "identical", HASTY, deferrals=2)
    assert setting.tally(2).found[Kind.MISLED_BY_DROPPING] == 0
    assert setting.tally(3).found[Kind.MISLED_BY_DROPPING] > 0


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "setting", [each for each in IN_OUTAGES if each.alphabet is OUTAGE and each.initial_state is FREE], ids=name_of
)
def test_kills_in_a_permanent_refusal_leave_one_verdict(setting: Setting) -> None:
    """One event id for each submission, whatever is lost, killed or sent twice, while the API refuses for ever."""
    assert {Kind.DISCORD, Kind.UNSETTLED} <= setting.forbidden
    assert broken(setting, setting.tally(3)) == {}


@pytest.mark.parametrize("setting", IN_OUTAGES, ids=name_of)
def test_messages_stay_within_the_bound_in_an_outage(setting: Setting) -> None:
    """Without a fault, every submission is requeued at most as often as it may be deferred."""
    tally = setting.tally(0)
    assert max(tally.surplus) <= len(setting.submitted) * setting.deferrals


@pytest.mark.parametrize("detected", DETECTED.values(), ids=DETECTED)
def test_broken_variant_is_found(detected: Detection) -> None:
    """Each variant shows its violation with this number of faults and not with fewer, and the handler does not."""
    setting, faults = detected.setting, detected.faults
    assert setting.tally(faults, detected.shape).found[detected.kind] > 0
    assert not faults or setting.tally(faults - 1, detected.shape).found[detected.kind] == 0
    assert setting.tally(faults).found[detected.kind] == 0


def test_each_kind_of_violation_has_a_broken_variant() -> None:
    """Without such a variant, 0 violations of a kind would mean nothing."""
    assert {detected.kind for detected in DETECTED.values()} >= set(VIOLATIONS)


@pytest.mark.parametrize(
    "pair",
    [each for each in PAIRS if each.meeting == SUBMITTED_TWICE and each.setting.initial_state is FREE],
    ids=name_of,
)
def test_broken_variant_is_found_with_two_instances(pair: Pair) -> None:
    """A delivery without a lookup reports `failed` although the other delivery has made the group."""
    assert broken(pair, pair.tally(1, NEVER_LOOKS)) != {}


@pytest.fixture
def without_recordings(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Run the pipeline in each delivery, until the patch is undone."""
    monkeypatch.setattr(Recordings, "play", lambda _self, _delivered, cloud, run: run(cloud))
    return monkeypatch


@pytest.mark.parametrize(
    "setting",
    [*SETTINGS, *DEFERRING, ALWAYS_REFUSED, FORMS[0], BODIES[0], BODIES[9], NEIGHBOURS[0], DISTRUSTED[0]],
    ids=name_of,
)
def test_memoised_counts_equal_a_complete_run(setting: Setting, without_recordings: pytest.MonkeyPatch) -> None:
    """Running each story from its first delivery to its last gives the same number and the same findings."""
    deliverer, faults = setting.deliverer(), 1 if len(setting.submitted) > 1 else 2

    def story(choices: Choices) -> Story:
        before, budget = setting.start, choices.budget
        after = before.after(deliverer.deliver(before.environment, choices))
        while not ended(before, budget, after, choices.budget):
            before, budget = after, choices.budget
            after = before.after(deliverer.deliver(before.environment, choices))
        return after.closed()

    stories = list(all_ways(story, faults))
    without_recordings.undo()
    tally = setting.tally(faults)
    assert (tally.schedules, +tally.found) == (len(stories), Counter(kind for each in stories for kind in each.found))


@pytest.mark.parametrize("pair", PAIRS, ids=name_of)
def test_recorded_instances_equal_running_ones(pair: Pair, without_recordings: pytest.MonkeyPatch) -> None:
    complete = pair.tally(1)
    without_recordings.undo()
    assert pair.tally(1) == complete


@pytest.mark.parametrize("initial_state", INITIAL_STATES, ids=name_of)
def test_schedule_without_faults_leaves_no_doubt(initial_state: InitialState) -> None:
    """There is only one such schedule."""
    tally = Setting(initial_state, "owned", AMPLE).tally(0)
    assert (tally.schedules, +tally.found) == (1, Counter())


def test_guarantee_rests_on_commits_landing_before_redelivery() -> None:
    """If a call takes longer than the trigger waits, a redelivery cannot know that it will land."""
    assert FREE_AMPLE.tally(3, stragglers=True).found[Kind.FALSE_FAILURE] > 0


def test_guarantee_rests_on_redelivery_of_what_was_killed() -> None:
    """Two instances process one message, one is killed, and the acknowledgement of the other counts for both."""
    pair = Pair(Setting(FREE, "identical", HASTY), ACKNOWLEDGED_FOR_BOTH)
    assert pair.tally(1).found[Kind.MISBELIEF] == 0
    assert pair.tally(2).found[Kind.MISBELIEF] > 0


def test_failed_is_possible_while_another_instance_tries() -> None:
    """The instances share only the account; the last belief of a consumer is right."""
    pair = Pair(Setting(FREE, "identical", HASTY, (0, 0)), SUBMITTED_TWICE)
    assert pair.tally(0).found[Kind.CONTESTED] == 0
    assert pair.tally(1).found[Kind.CONTESTED] > 0


def test_doubt_after_a_success_needs_a_refused_lookup() -> None:
    """Under the policy `never`, the function may not recognise its own group."""
    assert FREE_AMPLE.tally(1).found[Kind.DOUBT_AFTER_SUCCESS] == 0
    assert Setting(FREE, "never", AMPLE).tally(1).found[Kind.DOUBT_AFTER_SUCCESS] > 0
