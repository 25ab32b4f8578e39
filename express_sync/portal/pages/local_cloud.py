"""A client for the admin APIs (`/_local`) of a local cloud's services, as the pages show them."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from urllib3 import PoolManager
from urllib3.exceptions import HTTPError

from express_sync.portal.clock import now_ms, parse_ms, to_text

MAX_CALLS = 300
MAX_MESSAGES = 100
_FAULTY = ("sgw", "mns")
_EMPTY_RECEIVE = "MessageNotExist"  # the polls of the listeners would hide all other calls
_TIMEOUT_SECONDS = 10
_CONNECTIONS = 4  # for each service


class LocalCloudError(Exception):
    """The local cloud refused a call, with its own sentence, or cannot be reached (status 503)."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


@dataclass(frozen=True, slots=True)
class LocalCloud:
    """The endpoints of its services: `mns`, `sgw` and `fc`. Each call blocks. LocalCloudError."""

    endpoints: Mapping[str, str]
    connections: PoolManager = field(default_factory=lambda: PoolManager(maxsize=_CONNECTIONS, block=True))

    def queues(self) -> dict[str, Any]:
        """Return the number of messages of each queue, by state."""
        return {"queues": self._call("fc", "GET", "state")["queues"]}

    def messages(self, queue: str) -> dict[str, Any]:
        """Return the first messages of a queue and their number, without receiving them."""
        found = self._call("mns", "GET", f"queues/{quote(queue, safe='')}")["messages"]
        return {"queue": queue, "messages": found[:MAX_MESSAGES], "total": len(found)}

    def faults(self) -> dict[str, Any]:
        """Return the fault rules of all services."""
        found = [(service, rule) for service in _FAULTY for rule in self._call(service, "GET", "faults")]
        now = now_ms()
        return {"rules": [{"service": service, **rule, "until": _until(rule, now)} for service, rule in found]}

    def add_fault(self, document: Mapping[str, Any]) -> Any:
        """Add a fault rule to the `service` in the document."""
        service = document.get("service")
        if service not in _FAULTY:
            raise LocalCloudError(400, f"service is one of: {', '.join(_FAULTY)}.")
        return self._call(
            service, "POST", "faults", {key: value for key, value in document.items() if key != "service"}
        )

    def clear_faults(self) -> dict[str, Any]:
        """Remove all fault rules."""
        for service in _FAULTY:
            self._call(service, "DELETE", "faults")
        return {"rules": []}

    def kill(self, document: Mapping[str, Any]) -> Any:
        """Kill the function now, or at the crash point that the document names."""
        return self._call("fc", "POST", "kill", document)

    def calls(self) -> dict[str, Any]:
        """Return the latest calls of all services, the newest first."""
        every = [*map(_mns_call, self._call("mns", "GET", "calls")), *map(_sgw_call, self._call("sgw", "GET", "calls"))]
        shown = [each for each in every if each["code"] != _EMPTY_RECEIVE]
        return {"calls": sorted(shown, key=lambda each: -each["time"])[:MAX_CALLS]}

    def logs(self) -> dict[str, Any]:
        """Return the latest log lines of the function, the oldest first."""
        return {"lines": self._call("fc", "GET", "logs")}

    def _call(self, service: str, method: str, path: str, document: object = None) -> Any:
        try:
            answer = self.connections.request(
                method,
                f"{self.endpoints[service]}/_local/{path}",
                json=document,
                retries=False,
                timeout=_TIMEOUT_SECONDS,
            )
            content = json.loads(answer.data)
        except (HTTPError, ValueError) as error:
            raise LocalCloudError(503, f"The service {service} of the local cloud does not answer.") from error
        if answer.status >= 300:
            raise LocalCloudError(answer.status, f"{str(content.get('message', 'refused')).rstrip('.')}.")
        return content


def _until(rule: Mapping[str, Any], at_ms: int) -> str | None:
    """Return when a rule ends, to the second and not later, so that the time is the same whenever it is asked for."""
    left = rule.get("secondsLeft")
    return None if left is None else to_text(math.floor(at_ms / 1000 + left) * 1000)


def _mns_call(call: Mapping[str, Any]) -> dict[str, Any]:
    resource = "/".join(str(call["target"]).split("/")[2:3])
    code = call["code"] or str(call["status"])
    return {**_common("mns", call), "time": round(call["time"] * 1000), "resource": resource, "code": code}


def _sgw_call(call: Mapping[str, Any]) -> dict[str, Any]:
    return {**_common("sgw", call), "time": parse_ms(call["time"]), "resource": call["name"], "code": call["code"]}


def _common(service: str, call: Mapping[str, Any]) -> dict[str, Any]:
    fault = call["fault"] or ""
    return {"service": service, "operation": call["operation"], "fault": fault, "requestId": call["requestId"]}
