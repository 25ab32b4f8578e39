"""The outcome guarantee: the shipped code keeps it in every schedule of so many faults, and broken variants are found.

How many faults, `settings.GROUPS` says; with more of them: `make model`.
"""

from collections import Counter
from dataclasses import replace
from typing import NamedTuple

import pytest

from tests.system.model import broken_variants as variants
from tests.system.model.broken_variants import altering_what_is_sent_back, provisioning_as, with_event, with_ids_from
from tests.system.model.choices import Choices, all_ways
from tests.system.model.delivery import Shape
from tests.system.model.faults import EVERY_FAULT, OUTAGE, SILENCE
from tests.system.model.schedules import Tally, ended
from tests.system.model.settings import (
    ACKNOWLEDGED_FOR_BOTH,
    AMPLE,
    BODIES,
    CLOCKS,
    DEFERRING,
    FORMS,
    FREE,
    GROUPS,
    HASTY,
    IDENTICAL,
    IN_OUTAGES,
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
    WORLDS,
    Pair,
    Setting,
    World,
)
from tests.system.model.truth import VIOLATIONS, Kind, Story


class Exposure(NamedTuple):
    """What a broken variant does, and with how many faults it is found in which setting."""

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
    variants.swallowing_failures_to_send_back,
    variants.sending_back_first,
    variants.sending_back_twice,
)
FORGETS_COPIES, GIVES_UP = variants.forgetting_copies, variants.giving_up_what_it_cannot_send_back
RAISES_OUT_OF_TIME = variants.raising_when_time_is_out
RENAMES = altering_what_is_sent_back(lambda event: {**event, "data": {**event["data"], "name": "another"}})
NEVER_COUNTS = variants.sending_back_without_counting
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

EXPOSED = {
    "never-looks-and-fails": Exposure(Kind.FALSE_FAILURE, NEVER_LOOKS, OWNED, 1),
    "never-looks-and-retracts": Exposure(Kind.RETRACTION, NEVER_LOOKS, OWNED, 1),
    "never-looks-and-misleads": Exposure(Kind.MISBELIEF, NEVER_LOOKS, OWNED, 1),
    "looks-once": Exposure(Kind.FALSE_FAILURE, LOOKS_ONCE, FREE_AMPLE, 2),
    "looks-once-in-haste": Exposure(Kind.FALSE_FAILURE, LOOKS_ONCE, FREE_SCARCE, 1),
    "looks-twice": Exposure(Kind.FALSE_FAILURE, LOOKS_TWICE, FREE_AMPLE, 2),
    "believes-a-refused-look": Exposure(Kind.FALSE_FAILURE, BELIEVES_REFUSAL, FREE_AMPLE, 3),
    "takes-errors-for-the-end": Exposure(Kind.FALSE_FAILURE, ERRORS_END_IT, Setting(FREE, "identical", HASTY), 1),
    "forgets-the-doubt-of-another-body": Exposure(
        Kind.FALSE_FAILURE, variants.forgetting_doubt, replace(TWO_DESCRIPTIONS, timing=HASTY), 2
    ),
    "answers-for-another-body": Exposure(
        Kind.EVASION, variants.answering_for_another, replace(TWO_DESCRIPTIONS, timing=HASTY), 1
    ),
    "compares-as-text": Exposure(
        Kind.FALSE_FAILURE, provisioning_as(variants.ComparesAsText), Setting(NORMALISED[0], "identical", AMPLE), 1
    ),
    "consults-no-mark": Exposure(
        Kind.FALSE_FAILURE, provisioning_as(variants.ConsultsNoMark), Setting(NORMALISED[0], "owned", AMPLE), 1
    ),
    "looks-on-the-bucket-only": Exposure(Kind.UNSETTLED, BUCKET_ONLY, Setting(TAKEN, "identical", AMPLE), 0),
    "is-never-sure": Exposure(Kind.EVASION, NEVER_SURE, Setting(TAKEN, "owned", AMPLE), 0),
    "takes-any-group_named": Exposure(Kind.FALSE_SUCCESS, TAKES_NAMESAKE, Setting(TAKEN, "owned", AMPLE), 0),
    "takes-another-owners": Exposure(Kind.WRONG_ADOPTION, TAKES_NAMESAKE, Setting(IDENTICAL, "owned", AMPLE), 0),
    "swallows-what-it-cannot-publish": Exposure(Kind.SILENCE, SWALLOWS, OWNED, 1),
    "swallows-it-while-draining": Exposure(Kind.SILENCE, SWALLOWS, replace(OWNED, is_pulled=True), 1),
    "another-id-each-time": Exposure(Kind.UNSTABLE_ID, ANOTHER_ID_EACH_TIME, OWNED, 1),
    "one-id-for-all": Exposure(Kind.UNSTABLE_ID, ONE_ID_FOR_ALL, OWNED, 2),
    "one-id-per-request": Exposure(Kind.UNSTABLE_ID, ONE_ID_PER_REQUEST, replace(OWNED, submitted=(0, 0)), 0),
    "an-id-for-each-generation": Exposure(
        Kind.UNSTABLE_ID, AN_ID_FOR_EACH_GENERATION, Setting(TAKEN, "owned", HASTY, deferrals=1), 2
    ),
    "orders-by-attempts": Exposure(Kind.MISBELIEF, BY_ATTEMPTS, FREE_SCARCE, 3),
    "orders-by-the-clock": Exposure(Kind.MISBELIEF, BY_THE_CLOCK, replace(FREE_SCARCE, instances=CLOCKS), 3),
    "is-never-sure-and-defers": Exposure(Kind.EVASION, NEVER_SURE, Setting(TAKEN, "owned", HASTY, deferrals=1), 0),
    "loses-what-it-cannot-send-back": Exposure(Kind.SILENCE, LOSES, ALWAYS_REFUSED, 1),
    "waits-for-what-it-has-lost": Exposure(Kind.MISBELIEF, LOSES, ALWAYS_REFUSED, 1),
    "sends-back-before-it-says-so": Exposure(Kind.UNTOLD, SENDS_FIRST, ALWAYS_REFUSED, 0),
    "sends-back-another-request": Exposure(Kind.ALTERED, RENAMES, ALWAYS_REFUSED, 0),
    "never-counts": Exposure(Kind.ENDLESS, NEVER_COUNTS, ALWAYS_REFUSED, 0),
    "sends-back-twice": Exposure(Kind.MULTIPLIED, SENDS_TWICE, ALWAYS_REFUSED, 0),
    "forgets-copies": Exposure(Kind.MULTIPLIED, FORGETS_COPIES, replace(ALWAYS_REFUSED, submitted=(0, 0), batch=2), 1),
    "retries-around-retries": Exposure(
        Kind.OVERCALLED, provisioning_as(variants.TriesAgainInDoubt), Setting(FREE, "identical", HASTY), 1
    ),
    "raises-when-time-is-out": Exposure(
        Kind.REPEATED, RAISES_OUT_OF_TIME, replace(TWO_DESCRIPTIONS, alphabet=SILENCE), 0
    ),
    "raises-and-takes-its-neighbour-along": Exposure(
        Kind.NEIGHBOUR, RAISES_OUT_OF_TIME, Setting(THREE_MESSAGES, "identical", SCARCE, (0, 1, 2), batch=3), 1
    ),
    "gives-up-what-is-on-its-way": Exposure(Kind.DISCORD, GIVES_UP, ALWAYS_REFUSED, 1),
}


def name_of(setting: Setting | Pair | World) -> str:
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
def test_no_promise_is_broken_in_any_schedule(setting: Setting | Pair, faults: int) -> None:
    """Neither in what is said of requests, nor in what a listener believes, nor in the number of messages and calls."""
    tally = setting.tally(faults)
    assert tally.schedules > 6**faults
    assert broken(setting, tally) == {}


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "setting", [each for each in PULLED if len(each.submitted) == 1 and each.alphabet is EVERY_FAULT], ids=name_of
)
def test_no_promise_is_broken_for_pulled_messages(setting: Setting) -> None:
    """Hiding and deleting them may fail as well, in place of the trigger's acknowledgement."""
    assert broken(setting, setting.tally(2)) == {}


@pytest.mark.timeout(900)
def test_final_doubt_holds_against_a_failure_of_any_generation() -> None:
    """A message of an earlier generation that comes back after the `failed` makes the group and may not say so."""
    setting = Setting(FREE, "never", HASTY, deferrals=1)
    assert broken(setting, setting.tally(faults=4)) == {}


def test_dropping_known_ids_misleads_with_two_deferrals_and_three_faults() -> None:
    """`failed`, then `deferred` in a later generation, then the same `failed` again, which the listener has dropped."""
    setting = Setting(TAKEN, "identical", HASTY, deferrals=2)
    assert setting.tally(2).found[Kind.FORGETFUL] == 0
    assert setting.tally(3).found[Kind.FORGETFUL] > 0


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "setting", [each for each in IN_OUTAGES if each.alphabet is OUTAGE and each.world is FREE], ids=name_of
)
def test_kills_in_a_lasting_refusal_leave_one_verdict(setting: Setting) -> None:
    """One event id for each submission, whatever is lost, killed or sent twice, while the API refuses for ever."""
    assert {Kind.DISCORD, Kind.UNSETTLED} <= setting.forbidden
    assert broken(setting, setting.tally(3)) == {}


@pytest.mark.parametrize("setting", IN_OUTAGES, ids=name_of)
def test_messages_stay_within_the_bound_in_an_outage(setting: Setting) -> None:
    """Without a fault exactly: every submission is sent back at most as often as it may be deferred."""
    tally = setting.tally(0)
    assert max(tally.surplus) <= len(setting.submitted) * setting.deferrals


@pytest.mark.parametrize("exposed", EXPOSED.values(), ids=EXPOSED)
def test_a_broken_variant_is_found(exposed: Exposure) -> None:
    """Each is found by what it does, with so many faults and no fewer, where the shipped code does not do it."""
    setting, faults = exposed.setting, exposed.faults
    assert setting.tally(faults, exposed.shape).found[exposed.kind] > 0
    assert not faults or setting.tally(faults - 1, exposed.shape).found[exposed.kind] == 0
    assert setting.tally(faults).found[exposed.kind] == 0


def test_every_kind_of_violation_has_been_found_in_some_variant() -> None:
    """So that 0 means something for each of them."""
    assert {exposed.kind for exposed in EXPOSED.values()} >= set(VIOLATIONS)


@pytest.mark.parametrize(
    "pair", [each for each in PAIRS if each.meeting == SUBMITTED_TWICE and each.setting.world is FREE], ids=name_of
)
def test_a_broken_variant_is_found_in_two_instances(pair: Pair) -> None:
    """Also where two deliveries are processed at once: one that never looks calls the group of the other failed."""
    assert broken(pair, pair.tally(1, NEVER_LOOKS)) != {}


@pytest.mark.parametrize(
    "setting",
    [*SETTINGS, *DEFERRING, ALWAYS_REFUSED, FORMS[0], BODIES[0], BODIES[9], NEIGHBOURS[0], SETTINGS[0]],
    ids=name_of,
)
def test_counting_what_is_known_equals_running_everything(setting: Setting) -> None:
    """Whole stories, each run from its first delivery to its last, are as many and hold the same."""
    deliverer, faults = setting.deliverer(), 1 if len(setting.submitted) > 1 else 2

    def story(choices: Choices) -> Story:
        before, budget = setting.start, choices.budget
        after = before.after(deliverer.deliver(before.world, choices))
        while not ended(before, budget, after, choices.budget):
            before, budget = after, choices.budget
            after = before.after(deliverer.deliver(before.world, choices))
        return after.ends()

    stories = list(all_ways(story, faults))
    tally = setting.tally(faults)
    assert (tally.schedules, +tally.found) == (len(stories), Counter(kind for each in stories for kind in each.found))


@pytest.mark.parametrize("world", WORLDS, ids=name_of)
def test_nothing_is_left_in_doubt_without_a_fault(world: World) -> None:
    """There is one way for it to go only."""
    tally = Setting(world, "owned", AMPLE).tally(0)
    assert (tally.schedules, +tally.found) == (1, Counter())


def test_guarantee_rests_on_commits_landing_before_redelivery() -> None:
    """Where the service works longer on a request than the trigger waits, a redelivery cannot know what is to come."""
    assert FREE_SCARCE.tally(3, stragglers=True).found[Kind.FALSE_FAILURE] > 0


def test_guarantee_rests_on_redelivery_of_what_was_killed() -> None:
    """Two instances process one message, one is killed, and the acknowledgement of the other counts for both."""
    pair = Pair(Setting(FREE, "identical", HASTY), ACKNOWLEDGED_FOR_BOTH)
    assert pair.tally(1).found[Kind.MISBELIEF] == 0
    assert pair.tally(2).found[Kind.MISBELIEF] > 0


def test_failed_may_be_said_while_another_instance_tries() -> None:
    """Nothing is shared but the account, so that a delivery cannot know; the last belief of a listener is right."""
    pair = Pair(Setting(FREE, "identical", HASTY, (0, 0)), SUBMITTED_TWICE)
    assert pair.tally(0).found[Kind.CONTESTED] == 0
    assert pair.tally(1).found[Kind.CONTESTED] > 0


def test_doubt_after_a_success_needs_a_refused_lookup() -> None:
    """Unless adoption is forbidden, where the function may not recognise its own group."""
    assert FREE_AMPLE.tally(1).found[Kind.CLOUDING] == 0
    assert Setting(FREE, "never", AMPLE).tally(1).found[Kind.CLOUDING] > 0
