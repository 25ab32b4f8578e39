"""The permissions of the function's role and the calls of the function, as pairs of an action and a resource."""

from collections.abc import Iterable, Mapping
from typing import Any

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.template.parser import TemplateError
from express_sync.local.template.resolver import Stack

Grant = tuple[str, str]

# Actions for each operation of SMQ, from its page "Authorization policies and examples". The pages of the batch
# operations contradict it and name separate actions, so both are granted.
ACTIONS: Mapping[str, tuple[str, ...]] = {
    "PublishMessage": ("mns:PublishMessage",),
    "SendMessage": ("mns:SendMessage",),
    "BatchSendMessage": ("mns:SendMessage",),
    "BatchReceiveMessage": ("mns:ReceiveMessage", "mns:BatchReceiveMessage"),
    "BatchDeleteMessage": ("mns:DeleteMessage", "mns:BatchDeleteMessage"),
    "ChangeMessageVisibility": ("mns:ChangeMessageVisibility",),
    # Operations of Cloud Storage Gateway can be granted for all resources only.
    "CreateExpressSync": ("hcs-sgw:CreateExpressSync",),
    "DescribeExpressSyncs": ("hcs-sgw:DescribeExpressSyncs",),
}
_MNS = f"acs:mns:{LOCAL_ACCOUNT.region}:{LOCAL_ACCOUNT.account_id}:"
_REQUESTS, _DEAD = (f"/queues/express-sync-{role}/messages" for role in ("requests", "dead-letters"))
_TOPIC = "/topics/express-sync-outcomes/messages"

# The paths of each operation; a test in the local cloud proves that these are all calls of the function.
CALLS: Mapping[str, tuple[str, ...]] = {
    "PublishMessage": (_TOPIC,),
    "BatchSendMessage": (_REQUESTS,),
    "BatchReceiveMessage": (_REQUESTS, _DEAD),
    "BatchDeleteMessage": (_REQUESTS, _DEAD),
    "ChangeMessageVisibility": (_REQUESTS, _DEAD),
    "CreateExpressSync": ("",),
    "DescribeExpressSyncs": ("",),
}
_LOGS = f"express-sync-{LOCAL_ACCOUNT.account_id}-{LOCAL_ACCOUNT.region}"

# What Function Compute does with the role, unlike the function itself.
PLATFORM: Mapping[Grant, str] = {
    ("mns:SendMessage", f"{_MNS}{_DEAD}"): "it writes the record of a failed asynchronous call to its destination",
    (
        "log:PostLogStoreLogs",
        f"acs:log:{LOCAL_ACCOUNT.region}:{LOCAL_ACCOUNT.account_id}:project/{_LOGS}/logstore/function",
    ): "it writes the output of the function to the log store",
}


def grants_for(operation: str, path: str) -> set[Grant]:
    """Return the permissions for a call; `path` is empty for Cloud Storage Gateway."""
    return {(action, f"{_MNS}{path}" if path else "*") for action in ACTIONS[operation]}


NEEDED: frozenset[Grant] = frozenset(
    grant for operation, paths in CALLS.items() for path in paths for grant in grants_for(operation, path)
)


def granted(document: Mapping[str, Any]) -> set[Grant]:
    """Return the permissions of the roles of a template. Raise TemplateError if it cannot be evaluated."""
    stack = Stack(document, LOCAL_ACCOUNT, {})
    roles = [stack.properties(name) for name in stack.resources("ALIYUN::RAM::Role")]
    documents = [policy["PolicyDocument"] for role in roles for policy in role["Policies"]]
    return {grant for document in documents for each in document["Statement"] for grant in _grants(each)}


def policy_grants(document: Mapping[str, Any]) -> set[Grant]:
    """Return the permissions of the policies that a template creates for others. Raise TemplateError."""
    stack = Stack(document, LOCAL_ACCOUNT, {})
    policies = [stack.properties(name)["PolicyDocument"] for name in stack.resources("ALIYUN::RAM::ManagedPolicy")]
    return {grant for policy in policies for each in policy["Statement"] for grant in _grants(each)}


def _grants(statement: Mapping[str, Any]) -> Iterable[Grant]:
    return ((action, resource) for action in statement["Action"] for resource in statement["Resource"])


def excess_and_lack(document: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each permission that the role has without need or lacks."""
    try:
        allowed = granted(document)
    except TemplateError as error:
        return [str(error)]
    needed = NEEDED | PLATFORM.keys()
    return [
        *(f"the role may {action} on {resource}, which is not needed" for action, resource in sorted(allowed - needed)),
        *(f"the role may not {action} on {resource}" for action, resource in sorted(needed - allowed)),
    ]
