"""The operations, each from its own parameters to its own response fields.

To add one, write its function and add it to `OPERATIONS`; admission, faults, call log and both formats then apply.
"""

from collections.abc import Callable, Mapping

from express_sync.local.sgw.groups import Group, GroupService

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


OPERATIONS: Mapping[str, Operation] = {
    "CreateExpressSync": _create_express_sync,
    "DescribeExpressSyncs": _describe_express_syncs,
    "DescribeSharesBucketInfoForExpressSync": _describe_shares_bucket_info,
}
