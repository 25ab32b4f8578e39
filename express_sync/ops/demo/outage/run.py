"""The drill from its first line to its exit code: a cloud for it, the acts, a look at what is there, the judgement."""

import time
from collections.abc import Mapping

import click

from express_sync.local.cloud import CloudOptions, NotRunnableError, background
from express_sync.ops.demo.outage.cloud import Ground, ground
from express_sync.ops.demo.outage.display import Screen
from express_sync.ops.demo.outage.history import Course, courses
from express_sync.ops.demo.outage.plan import LASTING, PASSING, SETTINGS
from express_sync.ops.demo.outage.steps import Drill
from express_sync.ops.targets.target import LOCAL, Target
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import CliError, ExitCode, exit_with
from handler.sgw.signing import Credentials
from handler.smq.client import SmqError


def hold(operator: Mapping[str, click.Command], timeout_seconds: float, *, as_json: bool) -> None:
    """Hold the drill and end the command by how it went; `operator` as in Drill.

    CliError if it cannot be held at all.
    """
    output.info("Acting on a local cloud of the drill's own.")
    began = time.monotonic()
    passing, lasting = courses(PASSING), courses(LASTING)
    screen = Screen(is_silent=as_json)
    try:
        with background(CloudOptions(environment=SETTINGS)) as cloud:
            key = Credentials(cloud.ready["accessKeyId"], cloud.ready["accessKeySecret"])
            place = ground(Target(LOCAL, "the drill's own cloud", cloud.ready, key))
            drill = Drill(place, operator, screen, lambda: began + timeout_seconds - time.monotonic(), passing, lasting)
            if not drill.play():
                output.notice("The drill ends early: this act has not ended as it should, or not in time.")
            is_late = time.monotonic() >= began + timeout_seconds
            kept = _look(place, [*passing, *lasting])
    except SmqError as error:
        raise CliError(f"The drill's own SMQ cannot be used ({error.code}); try again.") from error
    except NotRunnableError as error:
        raise CliError(f"The function cannot be run: {error}; correct it.") from error
    if as_json:
        for course in (*passing, *lasting):
            output.json_line(course.document())
    conclude([*passing, *lasting], kept, time.monotonic() - began, is_late=is_late)


def _look(place: Ground, held: list[Course]) -> int:
    """See whose group is there; how many failures are still kept."""
    groups = place.groups()
    for course in held:
        course.is_there = course.request["name"] in groups
    return place.failures()


def conclude(held: list[Course], kept: int, seconds: float, *, is_late: bool) -> None:
    """Say what differs from what is expected, and how many verdicts do not; end the command accordingly."""
    unexpected = [course for course in held if course.surprises()]
    for course in unexpected:
        output.notice(f"{course.request['requestId']} ({course.outage.code}): {'; '.join(course.surprises())}.")
    if kept:
        output.notice(f"{output.counted(kept, 'message')} left in the failure queue.")
    is_good = not (unexpected or kept)
    requests, verdicts = output.counted(len(held), "request"), output.counted(len(held) - len(unexpected), "verdict")
    groups = output.counted(sum(course.is_there for course in held), "group")
    counts = f"{requests}, {verdicts} as expected, {groups}"
    output.summary(f"{counts}, {'nothing lost, ' if is_good else ''}{seconds:.1f} s.", is_good=is_good)
    if is_good:
        exit_with(ExitCode.DONE)
    exit_with(ExitCode.OUT_OF_TIME if is_late else ExitCode.UNSUCCESSFUL)
