"""The API's descriptions of the deployed function and its triggers, in both versions.

Reproduces, from the template: name, handler, runtime, memory, timeout, role and environment of GetFunction; name, type
and configuration of ListTriggers, where 2023-03-30 has the configuration as a JSON text and 2016-08-15 as an object.
All triggers are on one page. Does not reproduce: ids, times, code and its checksum, qualifiers, the service of
2016-08-15, where that version has the role.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from express_sync.local.account import Account
from express_sync.local.template.deployment import Function
from express_sync.local.template.queue_triggers import Trigger
from express_sync.local.template.timers import Timer

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Description:
    """The function as it runs; of its environment only `shown` is described, which the template declares."""

    function: Function
    shown: Mapping[str, str]
    triggers: Sequence[Trigger | Timer]
    account: Account


def function_of_2016(described: Description) -> Document:
    """Return the response of GetFunction of 2016-08-15."""
    function = described.function
    return {
        "functionName": function.name,
        "handler": function.handler,
        "runtime": function.runtime,
        "memorySize": function.memory,
        "timeout": function.timeout,
        "environmentVariables": dict(described.shown),
    }


def function_of_2023(described: Description) -> Document:
    """Return the response of GetFunction of 2023-03-30."""
    account, function = described.account, described.function
    return {
        **function_of_2016(described),
        "functionArn": f"acs:fc:{account.region}:{account.account_id}:functions/{function.name}",
        "role": function.role,
        "state": "Active",
        "lastUpdateStatus": "Successful",
    }


def triggers_of_2016(described: Description) -> Document:
    """Return the response of ListTriggers of 2016-08-15."""
    return {"triggers": [_trigger(each) for each in described.triggers]}


def triggers_of_2023(described: Description) -> Document:
    """Return the response of ListTriggers of 2023-03-30."""
    found = [_trigger(each) for each in described.triggers]
    return {"triggers": [{**each, "triggerConfig": json.dumps(each["triggerConfig"])} for each in found]}


def _trigger(trigger: Trigger | Timer) -> Document:
    kind = "timer" if isinstance(trigger, Timer) else "eventbridge"
    return {"triggerName": trigger.name, "triggerType": kind, "triggerConfig": trigger.config}
