"""What is said when a deployment or a deletion does not come to its end: what is wrong, what exists, what to do.

Sentences only; must not know what led to them.
"""

import re
from collections.abc import Sequence

from express_sync.ops.deployment.errors import NOT_REACHED, RefusedError, sentence
from express_sync.ops.deployment.location import Site
from express_sync.ops.deployment.plan import Plan
from express_sync.ops.deployment.stack import Event, Stack
from express_sync.ops.terminal.output import printable

_LONGEST_REASON = 500
_REGION_OF_ENDPOINT = re.compile(r"oss-(?P<region>[a-z0-9-]+?)(-internal)?\.aliyuncs\.com")


def refused(refusal: RefusedError, site: Site, bucket: str) -> str:
    """Why a service did not do it, with the bucket, region and endpoints that were meant."""
    if refusal.elsewhere:
        match = _REGION_OF_ENDPOINT.fullmatch(refusal.elsewhere)
        return elsewhere(bucket, match["region"] if match else printable(refusal.elsewhere), site.region)
    if refusal.code in ("NoSuchBucket", "InvalidBucketName"):
        return (
            f"There is no bucket {bucket} ({refusal.code}); create it in {site.region}, or name another --code-bucket."
        )
    if refusal.code == NOT_REACHED:
        url = {"ROS": site.ros, "OSS": site.oss}[refusal.service]
        return f"{refusal.service} at {url} cannot be reached; check --region and the network."
    return sentence(refusal)


def elsewhere(bucket: str, region: str, wanted: str) -> str:
    """A bucket is in another region: Function Compute takes code only from its own."""
    return (
        f"Bucket {bucket} is in {region}, and code for {wanted} must come from a bucket there;"
        f" name another --code-bucket, or deploy with --region {region}."
    )


def not_ours(bucket: str, owner: str, site: Site) -> str:
    """A bucket is another account's than the profile's."""
    return (
        f"Bucket {bucket} belongs to account {owner}, but the profile {site.profile_path} is of"
        f" {site.profile['accountId']}; name a bucket of that account, or another --stack."
    )


def settled(stack: Stack, failures: Sequence[Event], plan: Plan) -> str:
    """A stack came to rest and is not well."""
    if stack.standing == "dead":
        cure = f"Mend the cause, run `express-sync destroy {plan.site.options} --yes`, and deploy again."
    elif stack.state == "ROLLBACK_COMPLETE":
        cure = "The former version is back; mend the cause and deploy again."
    else:
        cure = "The stack is between two versions; mend the cause and deploy again."
    return f"Stack {stack.name} is now {stack.state}: {reason(stack, failures)}. The package is at {plan.place}. {cure}"


def reason(stack: Stack, failures: Sequence[Event]) -> str:
    """Why a stack is not well: the resource that failed first, or what ROS says of the whole."""
    first = next((event for event in failures if event.resource != stack.name), None)
    said = printable(first.reason if first else stack.reason)[:_LONGEST_REASON].rstrip(". ") or "ROS gives no reason"
    return f"{first.resource} failed ({said})" if first else said


def goes_on(site: Site) -> str:
    """What to say of a stack that nobody waits for any longer."""
    return f"The stack goes on without this command; look with `express-sync status {site.options}`."
