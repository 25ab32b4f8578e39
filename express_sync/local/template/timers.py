"""ALIYUN::FC3::Trigger of type timer, as far as it is run locally.

Reproduces `@every` with one number and a unit. Does not reproduce cron expressions of six fields, with or without a
time zone: they mean hours of the day, which a cloud whose waits are shortened has none of, so one is refused. Whether
FC takes seconds as a unit is unknown. Must not know how a timer is run.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from express_sync.local.template.parser import TemplateError
from express_sync.local.template.properties import Properties

_EVERY = re.compile(r"@every ([1-9][0-9]{0,5})([smh])", re.ASCII)
_SPELLED = {True: True, False: False, "true": True, "false": False}  # a parameter gives a string
_SECONDS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer that is due every so many seconds, unless it is not `enabled`; `payload` goes into each event.

    `config` is the TriggerConfig, resolved.
    """

    name: str
    function: str
    every_seconds: int
    payload: str
    enabled: bool
    config: Mapping[str, Any] = field(default_factory=dict, compare=False)


def timer(trigger: Properties) -> Timer:
    """The timer that a trigger's properties declare. TemplateError names what cannot be run."""
    config = trigger.map("TriggerConfig")
    return Timer(
        name=trigger.text("TriggerName"),
        function=trigger.text("FunctionName"),
        every_seconds=_every_seconds(config),
        payload=config.text("payload", ""),
        enabled=_SPELLED[config.choice("enable", tuple(_SPELLED))],
        config=config.values,
    )


def _every_seconds(config: Properties) -> int:
    match = _EVERY.fullmatch(config.text("cronExpression"))
    if match is None:
        raise TemplateError(f"{config.path}.cronExpression is run locally only as @every and a number of s, m or h")
    number, unit = match.groups()
    return int(number) * _SECONDS[unit]
