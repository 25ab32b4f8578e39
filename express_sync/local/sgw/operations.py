"""The operations, each from its own parameters to its own response fields. Knows no HTTP, no signatures, no format.

To add one: write its function and name it in `OPERATIONS`; admission, faults, records and both formats
follow.
"""

from collections.abc import Callable, Mapping

from express_sync.local.sgw.errors import Refusal
from express_sync.local.sgw.groups import Group, GroupService

Fields = Mapping[str, object]
Operation = Callable[[GroupService, Mapping[str, str]], Fields | Refusal]


def fields_of(group: Group) -> dict[str, str]:
    """Write a group with the field names of the API."""
    return {
        "ExpressSyncId": group.id,
        "Name": group.name,
        "BucketName": group.bucket,
        "BucketRegion": group.region,
        "BucketPrefix": group.prefix,
        "Description": group.description,
        "MnsTopic": group.topic,
    }


def _create_express_sync(groups: GroupService, parameters: Mapping[str, str]) -> Fields | Refusal:
    created = groups.create(parameters)
    return created if isinstance(created, Refusal) else {"ExpressSyncId": created.id}


def _describe_express_syncs(groups: GroupService, parameters: Mapping[str, str]) -> Fields | Refusal:
    found = groups.describe(parameters.get("BucketName"), parameters.get("BucketPrefix"))
    return {"ExpressSyncs": {"ExpressSync": [fields_of(group) for group in found]}}


def _describe_shares_bucket_info(groups: GroupService, parameters: Mapping[str, str]) -> Fields | Refusal:
    shared = groups.shared_buckets(parameters.get("BucketName"), parameters.get("BucketRegion"))
    infos = [{"BucketName": bucket, "BucketRegion": region, "BucketPrefix": ""} for bucket, region in shared]
    return {"BucketInfos": {"BucketInfo": infos}}


OPERATIONS: Mapping[str, Operation] = {
    "CreateExpressSync": _create_express_sync,
    "DescribeExpressSyncs": _describe_express_syncs,
    "DescribeSharesBucketInfoForExpressSync": _describe_shares_bucket_info,
}
