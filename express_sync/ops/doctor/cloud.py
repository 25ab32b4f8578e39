"""A cloud under examination: its profile, its key, and what its services answered, each asked once.

Knows how every service is asked; must not know what is well and what is not. Only looks: nothing it asks changes
anything or runs the function.

Function Compute is asked with GetFunction and ListTriggers (api-fc-2023-03-30-getfunction, -listtriggers).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

from express_sync.ops.acs import Answer, Question, ask
from express_sync.ops.doctor.smq_inventory import Records
from express_sync.ops.targets.credentials import Found
from handler.smq.client import SmqError

SGW_VERSION, FC_VERSION = "2018-05-11", "2023-03-30"
MOST_TRIGGERS = "100"  # more than a function can have


@dataclass(frozen=True, slots=True)
class Service:
    """A service by its section of a profile and its name."""

    section: str
    name: str


SMQ = Service("mns", "SMQ")
GATEWAY = Service("sgw", "Cloud Storage Gateway")
FUNCTIONS = Service("fc", "Function Compute")
SERVICES = (SMQ, GATEWAY, FUNCTIONS)


class Patient:
    """The cloud of `profile`, examined with the key that was `found`."""

    def __init__(self, profile: Mapping[str, Any], found: Found) -> None:
        self.profile = profile
        self.found = found

    def named(self, service: Service, key: str) -> str:
        """What the profile calls something of a service, empty if it does not name it."""
        return str(self.profile.get(service.section, {}).get(key, ""))

    def endpoint(self, service: Service) -> str:
        """Where the profile says that a service is, empty if it does not."""
        return self.named(service, "endpoint").rstrip("/")

    def code(self, service: Service) -> str:
        """The code of what a service in the profile answered to its first question, empty for a success."""
        if service == SMQ:
            return self._request_queue
        return self.groups.code if service == GATEWAY else self.function.code

    @cached_property
    def records(self) -> Records:
        """What SMQ has on record."""
        return Records(self.endpoint(SMQ), self.found.credentials)

    @cached_property
    def groups(self) -> Answer:
        """What DescribeExpressSyncs answers for the whole account."""
        return self._ask(GATEWAY, Question(SGW_VERSION, "DescribeExpressSyncs"))

    @cached_property
    def buckets(self) -> Answer:
        """What DescribeSharesBucketInfoForExpressSync answers for all regions."""
        return self._ask(GATEWAY, Question(SGW_VERSION, "DescribeSharesBucketInfoForExpressSync"))

    @cached_property
    def function(self) -> Answer:
        """What GetFunction answers."""
        return self._ask(FUNCTIONS, Question(FC_VERSION, "GetFunction", "GET", self._function_path))

    @cached_property
    def triggers(self) -> Answer:
        """What ListTriggers answers for the function."""
        path = f"{self._function_path}/triggers"
        return self._ask(FUNCTIONS, Question(FC_VERSION, "ListTriggers", "GET", path, {"limit": MOST_TRIGGERS}))

    @property
    def _function_path(self) -> str:
        return f"/{FC_VERSION}/functions/{quote(self.named(FUNCTIONS, 'function'), safe='')}"

    @cached_property
    def _request_queue(self) -> str:
        try:
            self.records.messages_in(self.named(SMQ, "requestQueue"))
        except SmqError as error:
            return error.code
        return ""

    def _ask(self, service: Service, question: Question) -> Answer:
        return ask(question, self.endpoint(service), self.found.credentials)
