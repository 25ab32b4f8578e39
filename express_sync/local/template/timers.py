"""ALIYUN::FC3::Trigger of type timer, as far as it is run locally.

Reproduces `@every` with one number and a unit. Does not reproduce cron expressions of six fields, with or without a
time zone, which are errors: a cloud whose waits are scaled has no hours of the day. Unknown: whether FC accepts
seconds as a unit.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from express_sync.local.template.parser import TemplateError
from express_sync.local.template.properties import Properties

_EVERY = re.compile(r"@every ([1-9][0-9]{0,5})([smh])", re.ASCII)
_BOOLEANS = {True: True, False: False, "true": True, "false": False}  # the values of parameters are strings
_SECONDS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer that fires every `every_seconds` if `enabled`; `payload` is part of each event.

    `config` is the TriggerConfig, resolved.
    """

    name: str
    function: str
    every_seconds: int
    payload: str
    enabled: bool
    config: Mapping[str, Any] = field(default_factory=dict, compare=False)


def timer(trigger: Properties) -> Timer:
    """Return the timer that a trigger's properties declare. TemplateError for what cannot be run."""
    config = trigger.map("TriggerConfig")
    return Timer(
        name=trigger.text("TriggerName"),
        function=trigger.text("FunctionName"),
        every_seconds=_every_seconds(config),
        payload=config.text("payload", ""),
        enabled=_BOOLEANS[config.choice("enable", tuple(_BOOLEANS))],
        config=config.values,
    )


def _every_seconds(config: Properties) -> int:
    match = _EVERY.fullmatch(config.text("cronExpression"))
    if match is None:
        raise TemplateError(f"{config.path}.cronExpression is run locally only as @every and a number of s, m or h")
    number, unit = match.groups()
    return int(number) * _SECONDS[unit]
