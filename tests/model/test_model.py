"""The outcome guarantee: the shipped code keeps it in every schedule of at most four faults, and liars are found out.

Where a request may be put off, three faults here; of five, all schedules: `python -m tests.model --faults 5`.
"""

from collections import Counter
from dataclasses import replace
from typing import NamedTuple

import pytest

from tests.model import liars
from tests.model.choices import Choices, all_ways
from tests.model.delivery import Shape
from tests.model.faults import OUTAGE
from tests.model.liars import altering_what_is_sent_back, provisioning_as, with_ids_from
from tests.model.schedules import Schedules, Tally, ended
from tests.model.truth import VIOLATIONS, Kind, Story
from tests.model.worlds import DEFERRING, HASTY, OUTAGES, PULLED, SETTINGS, TIMINGS, WORLDS, Setting

AMPLE, SCARCE = TIMINGS
FREE, TAKEN, IDENTICAL = WORLDS


class Exposure(NamedTuple):
    """A lie, and with how many faults it is found out in which setting."""

    kind: Kind
    shape: Shape
    setting: Setting
    faults: int


NEVER_LOOKS = provisioning_as(liars.NeverLooks)
TAKES_NAMESAKE = provisioning_as(liars.TakesANamesakeForItsOwn)
LOOKS_ONCE, LOOKS_TWICE = provisioning_as(liars.LooksOnce), provisioning_as(liars.LooksTwice)
BELIEVES_REFUSAL = provisioning_as(liars.BelievesARefusedLook)
BUCKET_ONLY, NEVER_SURE = provisioning_as(liars.LooksOnTheBucketOnly), provisioning_as(liars.IsNeverSure)
ANOTHER_ID_EACH_TIME = with_ids_from(lambda outcome: outcome.event["data"]["timings"])
ONE_ID_FOR_ALL = with_ids_from(lambda outcome: outcome.event["subject"])
SWALLOWS, FORGETS_DOUBT = liars.swallowing_failures_to_publish, liars.forgetting_doubt
LOSES, SENDS_FIRST, SENDS_TWICE = (
    liars.swallowing_failures_to_send_back,
    liars.sending_back_first,
    liars.sending_back_twice,
)
FORGETS_COPIES, GIVES_UP = liars.forgetting_copies, liars.giving_up_what_it_cannot_send_back
RENAMES = altering_what_is_sent_back(lambda event: {**event, "data": {**event["data"], "name": "another"}})
NEVER_COUNTS = liars.sending_back_without_counting
AN_ID_FOR_EACH_GENERATION = with_ids_from(
    lambda outcome: (outcome.status, outcome.event["data"].get("error"), outcome.event["data"]["generation"])
)
ALWAYS_REFUSED = Setting(FREE, "identical", HASTY, deferrals=1, alphabet=OUTAGE)

EXPOSED = {
    "never-looks-and-fails": Exposure(Kind.FALSE_FAILURE, NEVER_LOOKS, Setting(FREE, "owned", AMPLE), 1),
    "never-looks-and-retracts": Exposure(Kind.RETRACTION, NEVER_LOOKS, Setting(FREE, "owned", AMPLE), 1),
    "never-looks-and-misleads": Exposure(Kind.MISBELIEF, NEVER_LOOKS, Setting(FREE, "owned", AMPLE), 1),
    "looks-once": Exposure(Kind.FALSE_FAILURE, LOOKS_ONCE, Setting(FREE, "identical", AMPLE), 2),
    "looks-once-in-haste": Exposure(Kind.FALSE_FAILURE, LOOKS_ONCE, Setting(FREE, "identical", SCARCE), 1),
    "looks-twice": Exposure(Kind.FALSE_FAILURE, LOOKS_TWICE, Setting(FREE, "identical", AMPLE), 2),
    "believes-a-refused-look": Exposure(Kind.FALSE_FAILURE, BELIEVES_REFUSAL, Setting(FREE, "identical", AMPLE), 3),
    "forgets-doubt": Exposure(
        Kind.FALSE_FAILURE, FORGETS_DOUBT, Setting(FREE, "identical", AMPLE, copies=2, batch=2), 3
    ),
    "looks-on-the-bucket-only": Exposure(Kind.UNSETTLED, BUCKET_ONLY, Setting(TAKEN, "identical", AMPLE), 0),
    "is-never-sure": Exposure(Kind.EVASION, NEVER_SURE, Setting(TAKEN, "owned", AMPLE), 0),
    "takes-any-namesake": Exposure(Kind.FALSE_SUCCESS, TAKES_NAMESAKE, Setting(TAKEN, "owned", AMPLE), 0),
    "takes-another-owners": Exposure(Kind.WRONG_ADOPTION, TAKES_NAMESAKE, Setting(IDENTICAL, "owned", AMPLE), 0),
    "swallows-what-it-cannot-publish": Exposure(Kind.SILENCE, SWALLOWS, Setting(FREE, "owned", AMPLE), 1),
    "swallows-it-while-draining": Exposure(Kind.SILENCE, SWALLOWS, Setting(FREE, "owned", AMPLE, is_pulled=True), 1),
    "another-id-each-time": Exposure(Kind.UNSTABLE_ID, ANOTHER_ID_EACH_TIME, Setting(FREE, "owned", AMPLE), 1),
    "one-id-for-all": Exposure(Kind.UNSTABLE_ID, ONE_ID_FOR_ALL, Setting(FREE, "owned", AMPLE), 2),
    "an-id-for-each-generation": Exposure(
        Kind.UNSTABLE_ID, AN_ID_FOR_EACH_GENERATION, Setting(TAKEN, "owned", HASTY, deferrals=1), 2
    ),
    "is-never-sure-and-puts-off": Exposure(Kind.EVASION, NEVER_SURE, Setting(TAKEN, "owned", HASTY, deferrals=1), 0),
    "loses-what-it-cannot-send-back": Exposure(Kind.SILENCE, LOSES, ALWAYS_REFUSED, 1),
    "waits-for-what-it-has-lost": Exposure(Kind.MISBELIEF, LOSES, ALWAYS_REFUSED, 1),
    "sends-back-before-it-says-so": Exposure(Kind.UNTOLD, SENDS_FIRST, ALWAYS_REFUSED, 0),
    "sends-back-another-request": Exposure(Kind.ALTERED, RENAMES, ALWAYS_REFUSED, 0),
    "never-counts": Exposure(Kind.ENDLESS, NEVER_COUNTS, ALWAYS_REFUSED, 0),
    "sends-back-twice": Exposure(Kind.MULTIPLIED, SENDS_TWICE, ALWAYS_REFUSED, 0),
    "forgets-copies": Exposure(Kind.MULTIPLIED, FORGETS_COPIES, replace(ALWAYS_REFUSED, copies=2, batch=2), 1),
    "gives-up-what-is-on-its-way": Exposure(Kind.DISCORD, GIVES_UP, ALWAYS_REFUSED, 1),
}


def name_of(setting: Setting) -> str:
    name = f"{setting.timing.name}-{setting.adoption}-{setting.world}".replace(" ", "-")
    if setting.timing is not HASTY:
        return name
    return f"{name}-{setting.deferrals}-deferrals-{setting.copies}-copies-in-{setting.batch}"


def broken(setting: Setting, tally: Tally) -> dict[Kind, int]:
    """Each kind that must not be found and was, with the number of schedules."""
    return {kind: tally.found[kind] for kind in setting.forbidden if tally.found[kind]}


@pytest.mark.parametrize("setting", SETTINGS, ids=name_of)
def test_no_promise_is_broken_in_any_schedule_of_four_faults(setting: Setting) -> None:
    """0 silences, false failures, false successes, retractions, wrong adoptions, unstable ids, evasions, misbeliefs."""
    tally = setting.tally(faults=4)
    assert tally.schedules > 18_000
    assert broken(setting, tally) == {}


def test_the_latest_time_counts_also_for_what_was_said_before() -> None:
    """Doubt, then a failure, then the same doubt, whose attempt lands late: it takes five faults to need the rule."""
    setting = Setting(FREE, "owned", SCARCE)
    assert broken(setting, setting.tally(faults=5)) == {}


@pytest.mark.parametrize("setting", DEFERRING, ids=name_of)
def test_nor_where_what_may_pass_is_put_off(setting: Setting) -> None:
    """Over all copies and generations, in whichever order they are delivered."""
    tally = setting.tally(faults=3)
    assert tally.schedules > 2_300
    assert broken(setting, tally) == {}


@pytest.mark.parametrize("setting", PULLED, ids=name_of)
def test_nor_where_the_function_takes_the_messages_itself(setting: Setting) -> None:
    """Where hiding and deleting them may fail as well, in place of the trigger's acknowledgement."""
    tally = setting.tally(faults=3)
    assert tally.schedules > 600
    assert broken(setting, tally) == {}


@pytest.mark.parametrize("setting", OUTAGES, ids=name_of)
def test_killing_the_function_anywhere_leaves_one_final_verdict(setting: Setting) -> None:
    """One event id at the end, whatever is lost, killed or sent twice on the way, while the API refuses for ever."""
    tally = setting.tally(faults=3)
    assert tally.schedules > 600
    assert setting.forbidden == {*VIOLATIONS, Kind.DISCORD, Kind.UNSETTLED} - {Kind.WRONG_ADOPTION}
    assert broken(setting, tally) == {}


@pytest.mark.parametrize("setting", OUTAGES, ids=name_of)
@pytest.mark.parametrize("faults", [0, 1, 2, 3])
def test_a_fault_adds_no_more_copies_than_there_are_deferrals(setting: Setting, faults: int) -> None:
    """Tiers do not multiply: copies of one generation that meet go on as one, so their number grows by addition."""
    schedules = Schedules(setting.deliverer())
    schedules.tally(setting.start, faults)
    assert schedules.most_copies <= setting.copies + faults * setting.deferrals


@pytest.mark.parametrize("setting", [*SETTINGS, *DEFERRING], ids=name_of)
def test_nor_where_the_request_is_twice_in_the_batch(setting: Setting) -> None:
    """Two faults here; four with `python -m tests.model --copies 2`, and three in the exposure of `forgets-doubt`."""
    tally = replace(setting, copies=2, batch=2).tally(faults=2)
    assert tally.schedules > 300
    assert broken(setting, tally) == {}


@pytest.mark.parametrize("exposed", EXPOSED.values(), ids=EXPOSED)
def test_a_broken_promise_is_found(exposed: Exposure) -> None:
    """Each liar is found out by what it does, with so many faults and no fewer, where the shipped code does not."""
    setting, faults = exposed.setting, exposed.faults
    assert setting.tally(faults, exposed.shape).found[exposed.kind] > 0
    assert not faults or setting.tally(faults - 1, exposed.shape).found[exposed.kind] == 0
    assert setting.tally(faults).found[exposed.kind] == 0


def test_every_kind_of_violation_has_been_found_in_somebody() -> None:
    """So that 0 means something for each of them."""
    assert {exposed.kind for exposed in EXPOSED.values()} >= set(VIOLATIONS)


@pytest.mark.parametrize("setting", [*SETTINGS, *DEFERRING, ALWAYS_REFUSED], ids=name_of)
def test_counting_what_is_known_gives_what_running_everything_gives(setting: Setting) -> None:
    """Whole stories, each run from its first delivery to its last, are as many and hold the same."""
    deliverer = setting.deliverer()

    def story(choices: Choices) -> Story:
        before, budget = setting.start, choices.budget
        after = deliverer.deliver(before, choices)
        while not ended(before, budget, after, choices.budget):
            before, budget = after, choices.budget
            after = deliverer.deliver(before, choices)
        return after.ends()

    stories = list(all_ways(story, 2))
    tally = setting.tally(2)
    assert (tally.schedules, tally.found) == (len(stories), Counter(kind for each in stories for kind in each.found))


@pytest.mark.parametrize("world", WORLDS)
def test_without_a_fault_nothing_is_left_in_doubt(world: str) -> None:
    """Nor is there any other way for it to go than one."""
    tally = Setting(world, "owned", AMPLE).tally(0)
    assert (tally.schedules, tally.found) == (1, Counter())


def test_the_guarantee_rests_on_commits_landing_before_the_delivery_comes_back() -> None:
    """Where the service works longer on a request than the trigger waits, a redelivery cannot know what is to come."""
    setting = Setting(FREE, "identical", AMPLE)
    assert setting.tally(3, stragglers=True).found[Kind.FALSE_FAILURE] > 0


def test_doubt_after_a_success_needs_a_look_that_is_refused() -> None:
    """Unless adoption is forbidden, where the function may not know its own group again."""
    assert Setting(FREE, "identical", AMPLE).tally(1).found[Kind.CLOUDING] == 0
    assert Setting(FREE, "never", AMPLE).tally(1).found[Kind.CLOUDING] > 0
