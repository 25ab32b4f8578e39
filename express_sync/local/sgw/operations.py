"""The operations, each from its own parameters to its own response fields.

Reproduces: names and types of parameters and fields (official Python SDK 1.0.1), `DescribeTasks` in pages of 10, at
most 50, groups in no pages. Chosen: the task of a deletion is complete at once; a paging parameter that is not valid
counts as its default. `groups` says what an operation does.

To add one, write its function and add it to `OPERATIONS`; admission, faults, call log and both formats then apply.
"""

from collections.abc import Callable, Mapping

from express_sync.local.openapi.errors import missing
from express_sync.local.sgw.groups import Group, GroupService, Task

MAX_PAGE = 50
Fields = Mapping[str, object]
Operation = Callable[[GroupService, Mapping[str, str]], Fields]


def fields_of(group: Group) -> dict[str, str]:
    """Return a group with the field names of the API."""
    return {
        "ExpressSyncId": group.id,
        "Name": group.name,
        "BucketName": group.bucket,
        "BucketRegion": group.region,
        "BucketPrefix": group.prefix,
        "Description": group.description,
        "MnsTopic": group.topic,
    }


def _create_express_sync(groups: GroupService, parameters: Mapping[str, str]) -> Fields:
    return {"ExpressSyncId": groups.create(parameters).id}


def _describe_express_syncs(groups: GroupService, parameters: Mapping[str, str]) -> Fields:
    found = groups.describe(parameters.get("BucketName"), parameters.get("BucketPrefix"))
    return {"ExpressSyncs": {"ExpressSync": [fields_of(group) for group in found]}}


def _describe_shares_bucket_info(groups: GroupService, parameters: Mapping[str, str]) -> Fields:
    shared = groups.shared_buckets(parameters.get("BucketName"), parameters.get("BucketRegion"))
    infos = [{"BucketName": bucket, "BucketRegion": region, "BucketPrefix": ""} for bucket, region in shared]
    return {"BucketInfos": {"BucketInfo": infos}}


def _delete_express_sync(groups: GroupService, parameters: Mapping[str, str]) -> Fields:
    return {"TaskId": groups.delete(parameters.get("ExpressSyncId", "")).id}


def _describe_tasks(groups: GroupService, parameters: Mapping[str, str]) -> Fields:
    target = parameters.get("TargetId", "")
    if not target:
        raise missing("TargetId")
    number, size = (_page(parameters, *each) for each in (("PageNumber", 1, 1_000_000), ("PageSize", 10, MAX_PAGE)))
    found = groups.tasks(target, parameters.get("TaskId", ""))
    shown = [_task_fields(task) for task in found[(number - 1) * size : number * size]]
    paging = {"PageNumber": number, "PageSize": size, "TotalCount": len(found)}
    return {"Tasks": {"SimpleTask": shown}, **paging}


def _task_fields(task: Task) -> dict[str, object]:
    return {
        "TaskId": task.id,
        "Name": task.name,
        "StateCode": "task.state.completed",
        "Progress": 100,
        "MessageKey": "",
        "RelatedResourceId": task.target,
        "CreatedTime": task.time_s,
        "UpdatedTime": task.time_s,
    }


def _page(parameters: Mapping[str, str], name: str, default: int, maximum: int) -> int:
    """Return a paging parameter; one that is not a number or out of range counts as the default (chosen)."""
    text = parameters.get(name, "")
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else default
    return value if 1 <= value <= maximum else default


OPERATIONS: Mapping[str, Operation] = {
    "CreateExpressSync": _create_express_sync,
    "DescribeExpressSyncs": _describe_express_syncs,
    "DescribeSharesBucketInfoForExpressSync": _describe_shares_bucket_info,
    "DeleteExpressSync": _delete_express_sync,
    "DescribeTasks": _describe_tasks,
}
