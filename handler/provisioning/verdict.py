"""What may truthfully be said of a request that no create call has settled. A pure decision, without any effect.

`failed` is said only when the group was looked for and nothing that was sent can still land, or when the request
could never have made a group at all; what cannot be known is `indeterminate`.
"""

from collections.abc import Sequence

from handler.model import (
    Adoption,
    Answer,
    Failed,
    Finding,
    Group,
    Indeterminate,
    ProvisionRequest,
    Reason,
    Refused,
    Seen,
    Succeeded,
    Unanswered,
    Verdict,
)
from handler.provisioning import answers
from handler.provisioning.errors import Effect
from handler.provisioning.likeness import Likeness, likeness
from handler.provisioning.ownership import Maker, maker

DUPLICATE_NAME = "DuplicateExpressSyncName"
Unsettled = Refused | Unanswered


def namesake(finding: Finding, request: ProvisionRequest) -> Group | None:
    """Return the group of the requested name, if the lookup showed one; names are unique in an account."""
    groups = finding.groups if isinstance(finding, Seen) else ()
    return next((group for group in groups if group.name == request.name), None)


def judge(
    request: ProvisionRequest,
    attempts: Sequence[Answer],
    last: Unsettled,
    finding: Finding,
    adoption: Adoption,
    *,
    in_flight: bool = False,
) -> Verdict | None:
    """Return the verdict on `attempts`, of which `last` stands, after a lookup; or None, to look again later.

    None means: not found yet, but an attempt may still land, the API reports the name as taken, or an entry that cannot
    be read may be the group. `in_flight` says that something which was sent before these attempts may still make it.
    """
    possibly_created = may_have_created(attempts)
    if not isinstance(finding, Seen):
        refused_for_good = not answers.is_retryable(finding)
        is_certain = refused_for_good and answers.is_impossible(last) and not (possibly_created or in_flight)
        return Failed(answers.reason(last)) if is_certain else Indeterminate(answers.reason(last))
    group = namesake(finding, request)
    if group is not None:
        return _judge_namesake(request, group, adoption, last, possibly_created)
    is_hidden = any(fragment.may_be(request) for fragment in finding.unreadable)
    if possibly_created or in_flight or is_hidden or last.code == DUPLICATE_NAME:
        return None
    return Failed(answers.reason(last))


def may_have_created(attempts: Sequence[Answer]) -> bool:
    """Return whether one of the attempts may have made the group, or may still make it."""
    return any(answers.effect(answer) is Effect.UNKNOWN for answer in attempts)


def _judge_namesake(
    request: ProvisionRequest, group: Group, adoption: Adoption, last: Unsettled, possibly_created: bool
) -> Verdict:
    found = Succeeded(group.express_sync_id, "created" if possibly_created else "existing")
    compared = likeness(group, request)
    made_by = maker(group, request)
    if made_by is not Maker.SOMEBODY_ELSE:
        return found if _is_requested(group, request, made_by, compared) else Failed(_own_reason("RequestIdReused"))
    if adoption == "owned" or compared is Likeness.OTHER:
        return Failed(_name_taken(last))
    if adoption == "never":
        return Indeterminate(_own_reason("OwnerUnknown"), may_settle=False)
    return found if compared is Likeness.SAME else Indeterminate(_own_reason("ConfigurationUnclear"), may_settle=False)


def _is_requested(group: Group, request: ProvisionRequest, made_by: Maker, compared: Likeness) -> bool:
    """Return whether a group that a request of this id made is the one that is requested now."""
    if made_by is Maker.THIS_REQUEST:  # whatever the API shows as prefix or region
        return group.bucket_name == request.bucket_name
    return made_by is Maker.THIS_ID and compared is not Likeness.OTHER


def _name_taken(last: Unsettled) -> Reason:
    return answers.reason(last) if last.code == DUPLICATE_NAME else _own_reason(DUPLICATE_NAME)


def _own_reason(code: str) -> Reason:
    """Return a reason that a lookup gave, not an answer."""
    return answers.reason(Unanswered(code, sent=False))
