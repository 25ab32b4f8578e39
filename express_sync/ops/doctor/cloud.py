"""The cloud that `doctor` inspects: its profile, the key, and the responses of its services.

Each call is sent once; all of them are read-only, and none invokes the function. Function Compute is called with
GetFunction and ListTriggers (api-fc-2023-03-30-getfunction, -listtriggers).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property
from typing import Any

from express_sync.ops.acs import Call, Response, call_api
from express_sync.ops.fc.api import FC_VERSION, function_path
from express_sync.ops.queues.inventory import QueueState, SmqInventory
from express_sync.ops.targets.credentials import Found
from express_sync.ops.targets.service_clock import service_time
from handler.smq.client import SmqError

SGW_VERSION = "2018-05-11"
MAX_TRIGGERS = "100"  # more than a function can have


@dataclass(frozen=True, slots=True)
class Service:
    """A service and the section of a profile that describes it."""

    section: str
    name: str


SMQ = Service("mns", "SMQ")
GATEWAY = Service("sgw", "Cloud Storage Gateway")
FUNCTIONS = Service("fc", "Function Compute")
SERVICES = (SMQ, GATEWAY, FUNCTIONS)


class InspectedCloud:
    """The cloud of `profile`, inspected with the key that was `found`, at `own_ms` by the clock of this machine."""

    def __init__(self, profile: Mapping[str, Any], found: Found, own_ms: int) -> None:
        self.profile = profile
        self.found = found
        self._own_ms = own_ms
        self._states: dict[str, QueueState | SmqError] = {}

    @cached_property
    def now_ms(self) -> int:
        """The time by the clock of SMQ, which dates its messages."""
        own = datetime.fromtimestamp(self._own_ms / 1000, timezone.utc)
        return int(service_time(self.endpoint(SMQ), own).timestamp() * 1000)

    def setting(self, service: Service, key: str) -> str:
        """Return a setting of a service in the profile, or an empty string."""
        return str(self.profile.get(service.section, {}).get(key, ""))

    def endpoint(self, service: Service) -> str:
        """Return the endpoint of a service in the profile, or an empty string."""
        return self.setting(service, "endpoint").rstrip("/")

    def code(self, service: Service) -> str:
        """Return the error code of the first call to a service in the profile, or an empty string after a success."""
        if service == SMQ:
            return self._request_queue
        return self.groups.code if service == GATEWAY else self.function.code

    @cached_property
    def inventory(self) -> SmqInventory:
        """The queues, topics and subscriptions of SMQ."""
        return SmqInventory.at(self.endpoint(SMQ), self.found.credentials)

    def queue_state(self, queue: str) -> QueueState:
        """Return the state of a queue. SmqError."""
        if queue not in self._states:
            self._states[queue] = self._looked_up(queue)
        state = self._states[queue]
        if isinstance(state, SmqError):
            raise state
        return state

    @cached_property
    def groups(self) -> Response:
        """The response of DescribeExpressSyncs for the whole account."""
        return self._call(GATEWAY, Call(SGW_VERSION, "DescribeExpressSyncs"))

    @cached_property
    def buckets(self) -> Response:
        """The response of DescribeSharesBucketInfoForExpressSync for all regions."""
        return self._call(GATEWAY, Call(SGW_VERSION, "DescribeSharesBucketInfoForExpressSync"))

    @cached_property
    def function(self) -> Response:
        """The response of GetFunction."""
        return self._call(FUNCTIONS, Call(FC_VERSION, "GetFunction", "GET", self._function_path))

    @cached_property
    def triggers(self) -> Response:
        """The response of ListTriggers for the function."""
        path = f"{self._function_path}/triggers"
        return self._call(FUNCTIONS, Call(FC_VERSION, "ListTriggers", "GET", path, {"limit": MAX_TRIGGERS}))

    @property
    def _function_path(self) -> str:
        return function_path(self.setting(FUNCTIONS, "function"))

    def _looked_up(self, queue: str) -> QueueState | SmqError:
        try:
            return self.inventory.state(queue)
        except SmqError as error:
            return error

    @property
    def _request_queue(self) -> str:
        try:
            self.queue_state(self.setting(SMQ, "requestQueue"))
        except SmqError as error:
            return error.code
        return ""

    def _call(self, service: Service, call: Call) -> Response:
        return call_api(call, self.endpoint(service), self.found.credentials)
