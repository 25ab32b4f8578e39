"""The TriggerConfig of every trigger through the official models of Function Compute's API: what they would drop."""

from collections.abc import Iterator, Mapping
from typing import Any

from alibabacloud_fc20230330 import models

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.template.parser import TemplateError
from express_sync.local.template.resolver import Stack

_MODELS = {"eventbridge": models.EventBridgeTriggerConfig, "timer": models.TimerTriggerConfig}
CHOICES: tuple[Mapping[str, str], ...] = ({}, {"Intake": "pull"})


def dropped(document: Mapping[str, Any]) -> list[str]:
    """What a template's triggers say that the API does not know: a sentence for each."""
    try:
        return list(dict.fromkeys(sentence for choice in CHOICES for sentence in _dropped(document, choice)))
    except TemplateError as error:
        return [str(error)]


def _dropped(document: Mapping[str, Any], choice: Mapping[str, str]) -> Iterator[str]:
    stack = Stack(document, LOCAL_ACCOUNT, choice)
    for name in stack.resources("ALIYUN::FC3::Trigger"):
        trigger = stack.properties(name)
        model = _MODELS.get(str(trigger.get("TriggerType")))
        if model is None:
            yield f"{name}: there is no trigger of type {trigger.get('TriggerType')}"
            continue
        there = model().from_map(trigger["TriggerConfig"]).to_map()
        yield from (f"{name}: the API does not know {path}" for path in _lost(trigger["TriggerConfig"], there, ""))


def _lost(said: Any, kept: Any, path: str) -> Iterator[str]:
    if isinstance(said, dict) and isinstance(kept, dict):
        for key, value in said.items():
            yield from _lost(value, kept.get(key), f"{path}.{key}" if path else key)
    elif said != kept:
        yield path
