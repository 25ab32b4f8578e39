"""The outage drill, act by act: what is done to the cloud, what is waited for, what is said.

It must not know how a cloud is bent, or how anything looks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import click

from express_sync.ops.demo.outage.cloud import Ground
from express_sync.ops.demo.outage.display import Screen
from express_sync.ops.demo.outage.history import Course, distribute
from express_sync.ops.demo.outage.plan import LASTING, PASSING

QUIET_SECONDS = 2.0  # longer than what `failures list` gives back stays out of sight


@dataclass(frozen=True, slots=True)
class Drill:
    """`operator` holds the commands of `express-sync` that a person would use, by name; `passing` and `lasting` are
    the courses of the requests that meet the one outage and the other.
    """

    ground: Ground
    operator: Mapping[str, click.Command]
    screen: Screen
    seconds_left: Callable[[], float]
    passing: Sequence[Course]
    lasting: Sequence[Course]

    def play(self) -> bool:
        """Play the acts, as long as each ends as it should, and in time; whether all did."""
        acts = (self._outage_begins, self._outage_ends, self._role_is_deleted, self._role_is_back)
        return all(act() for act in acts)

    def _outage_begins(self) -> bool:
        self.screen.act(
            "1. The role cannot be assumed",
            f"Every CreateExpressSync answers {PASSING.code}; {len(self.passing)} requests are sent.",
            "None of them fails. Each is deferred and comes back by itself, ever later.",
        )
        self.ground.begin(PASSING.code)
        with self.screen.watching(self.passing):
            self._send(self.passing)
            return self._listen(self.passing, until=_half_came_in_vain)

    def _outage_ends(self) -> bool:
        self.screen.act(
            "2. The outage ends",
            "The role can be assumed again. Nobody does anything; the requests come back.",
        )
        self.ground.end()
        with self.screen.watching(self.passing):
            self._listen(self.passing, until=_all_final)
        return _all_done(self.passing)

    def _role_is_deleted(self) -> bool:
        self.screen.act(
            "3. Somebody deletes the role",
            f"Every CreateExpressSync answers {LASTING.code}; {len(self.lasting)} more requests are sent.",
            "That does not pass by itself: they fail, and wait in the failure queue.",
        )
        self.ground.begin(LASTING.code)
        self._send(self.lasting)
        if not self._listen(self.lasting, until=_all_final):
            return False
        self._type("failures", "list")
        self.screen.say(*sorted({f"What to do: {course.hint}" for course in self.lasting if course.hint}))
        self._listen_for(QUIET_SECONDS, self.lasting)  # nothing comes: nobody tries them again
        return True

    def _role_is_back(self) -> bool:
        self.screen.act(
            "4. The role is back",
            "One command sends them all again; --force says that the cause is mended.",
        )
        self.ground.end()
        seconds = str(max(1, round(self.seconds_left())))
        self._type("replay", "--code", LASTING.code, "--force", "--yes", "--wait", "--timeout", seconds)
        return self._listen(self.lasting, until=_all_done)

    def _send(self, courses: Sequence[Course]) -> None:
        self.ground.send([course.request for course in courses])
        for course in courses:
            course.is_sent = True

    def _listen(self, courses: Sequence[Course], until: Callable[[Sequence[Course]], bool]) -> bool:
        """Take in outcomes until something is so; whether it is before time runs out."""
        for outcomes in self.ground.hear(lambda: 0.0 if until(courses) else self.seconds_left()):
            distribute(outcomes, courses)
        return until(courses)

    def _listen_for(self, seconds: float, courses: Sequence[Course]) -> None:
        until = self.seconds_left() - seconds
        for outcomes in self.ground.hear(lambda: self.seconds_left() - until):
            distribute(outcomes, courses)

    def _type(self, name: str, *arguments: str) -> None:
        """Run a command as it would be typed, through its own options, here on the drill's cloud."""
        command = self.operator[name]
        words = ("express-sync", name, *arguments)
        self.screen.typed(
            words, lambda: command.main(arguments, " ".join(words[:2]), standalone_mode=False, obj=self.ground.target)
        )


def _half_came_in_vain(courses: Sequence[Course]) -> bool:
    """Whether every request was put off, and half of them have come again too early."""
    deferrals = sorted(course.deferrals for course in courses)
    return deferrals[0] >= 1 and deferrals[len(deferrals) // 2] >= 2


def _all_final(courses: Sequence[Course]) -> bool:
    return all(course.is_final for course in courses)


def _all_done(courses: Sequence[Course]) -> bool:
    return all(course.is_done for course in courses)
