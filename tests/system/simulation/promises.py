"""What is promised of every outage, held against the figures of a day."""

from handler.config import Settings
from tests.system.simulation.day import Figures
from tests.system.simulation.outages import PROMISED_SECONDS, Scenario


def most_messages(figures: Figures, settings: Settings) -> int:
    """Return how many messages the request queue may have had."""
    return figures.submissions * (1 + settings.max_deferrals) + figures.hit * settings.max_deferrals


def broken(scenario: Scenario, figures: Figures, settings: Settings) -> list[str]:
    """Return each promise that is broken, in words."""
    succeeded = figures.outcomes["succeeded"] == figures.submissions
    kept = {
        f"{figures.lost} messages or submissions lost": figures.lost == 0,
        f"{figures.untrue} untrue outcomes": figures.untrue == 0,
        f"{figures.messages} messages": figures.messages <= most_messages(figures, settings),
        f"{figures.creates} create calls": figures.creates <= settings.max_attempts * figures.deliveries,
        f"{figures.raised} invocations raised": figures.raised == 0,
        "not all succeeded": succeeded or scenario.seconds > PROMISED_SECONDS,
    }
    return [promise for promise, is_kept in kept.items() if not is_kept]
