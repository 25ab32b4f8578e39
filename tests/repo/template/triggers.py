"""Finds parts of a TriggerConfig that the official models of Function Compute's API would drop."""

from collections.abc import Iterator, Mapping
from typing import Any

from alibabacloud_fc20230330 import models

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.template.parser import TemplateError
from express_sync.local.template.resolver import Stack

_MODELS = {"eventbridge": models.EventBridgeTriggerConfig, "timer": models.TimerTriggerConfig}
CHOICES: tuple[Mapping[str, str], ...] = ({}, {"Intake": "pull"})


def dropped(document: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each part of a trigger that the API does not know."""
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
            yield f"{name}: Function Compute has no trigger of type {trigger.get('TriggerType')}"
            continue
        kept = model().from_map(trigger["TriggerConfig"]).to_map()
        yield from (f"{name}: the API does not know {path}" for path in _lost(trigger["TriggerConfig"], kept, ""))


def _lost(given: Any, kept: Any, path: str) -> Iterator[str]:
    if isinstance(given, dict) and isinstance(kept, dict):
        for key, value in given.items():
            yield from _lost(value, kept.get(key), f"{path}.{key}" if path else key)
    elif given != kept:
        yield path
