"""The API's descriptions of the deployed function and its triggers, in both versions.

Reproduces, from the template: name, handler, runtime, memory, timeout, role and environment of GetFunction; name, type
and configuration of GetTrigger and ListTriggers, where 2023-03-30 has the configuration as a JSON text and 2016-08-15
as an object; ids, and times, which are those of the start. All functions and triggers are on one page.
Chosen: the qualifier is LATEST, each instance runs one invocation at a time and has 512 MB of disk, the least that FC
gives. Does not reproduce: the code itself, the service of 2016-08-15, where that version has the role. Believed: the
fields `httpTrigger`, `sourceArn` and `invocationRole` are left out where they do not apply.
"""

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from express_sync.local.account import Account
from express_sync.local.fc.code_checksum import CodeSummary
from express_sync.local.fc.errors import FcError
from express_sync.local.fc.parameters import SERVICE
from express_sync.local.template.deployment import Function
from express_sync.local.template.queue_triggers import Trigger
from express_sync.local.template.timers import Timer
from express_sync.local.utc import utc_milliseconds

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Description:
    """The function as it runs; of its environment only `shown` is described, which the template declares."""

    function: Function
    shown: Mapping[str, str]
    triggers: Sequence[Trigger | Timer]
    account: Account
    code: CodeSummary
    started_s: float = field(default_factory=time.time)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def arn(self) -> str:
        """Return the name of the function in all of the cloud."""
        return f"acs:fc:{self.account.region}:{self.account.account_id}:functions/{self.function.name}"

    @property
    def times(self) -> Document:
        """Return when the function and its triggers were created and changed."""
        started = utc_milliseconds(self.started_s)
        return {"createdTime": started, "lastModifiedTime": started}

    def named(self, trigger: str) -> Trigger | Timer:
        """Return the trigger of that name. FcError."""
        for each in self.triggers:
            if each.name == trigger:
                return each
        raise FcError("TriggerNotFound", trigger, SERVICE, self.function.name)


def function_of_2016(described: Description, _trigger: str = "") -> Document:
    """Return the response of GetFunction of 2016-08-15."""
    function = described.function
    return {
        "functionId": described.id,
        "functionName": function.name,
        "description": "",
        **described.times,
        "instanceConcurrency": 1,
        "handler": function.handler,
        "codeSize": described.code.size,
        "codeChecksum": described.code.checksum,
        "runtime": function.runtime,
        "memorySize": function.memory,
        "timeout": function.timeout,
        "environmentVariables": dict(described.shown),
    }


def function_of_2023(described: Description, _trigger: str = "") -> Document:
    """Return the response of GetFunction of 2023-03-30."""
    function = described.function
    return {
        **function_of_2016(described),
        "functionArn": described.arn,
        "role": function.role,
        "diskSize": 512,
        "internetAccess": True,
        "state": "Active",
        "lastUpdateStatus": "Successful",
    }


def triggers_of_2016(described: Description, _trigger: str = "") -> Document:
    """Return the response of ListTriggers of 2016-08-15."""
    return {"triggers": [trigger_of_2016(described, each.name) for each in described.triggers]}


def triggers_of_2023(described: Description, _trigger: str = "") -> Document:
    """Return the response of ListTriggers of 2023-03-30."""
    return {"triggers": [trigger_of_2023(described, each.name) for each in described.triggers]}


def trigger_of_2016(described: Description, trigger: str) -> Document:
    """Return the response of GetTrigger of 2016-08-15. FcError."""
    found = described.named(trigger)
    return {
        "triggerId": str(uuid.uuid5(uuid.UUID(described.id), trigger)),
        "triggerName": found.name,
        "triggerType": "timer" if isinstance(found, Timer) else "eventbridge",
        "triggerConfig": found.config,
        "qualifier": "LATEST",
        "description": "",
        **described.times,
    }


def trigger_of_2023(described: Description, trigger: str) -> Document:
    """Return the response of GetTrigger of 2023-03-30. FcError."""
    found = trigger_of_2016(described, trigger)
    return {**found, "triggerConfig": json.dumps(found["triggerConfig"]), "targetArn": described.arn}
