"""What may truthfully be said of a request that no create call has settled. A pure decision, without any effect.

`failed` is said only when the group was looked for and nothing that was sent can still land, or when the request
could never have made a group at all; what cannot be known is `indeterminate`.
"""

from collections.abc import Sequence

from handler import answers, ownership
from handler.codes import Effect
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

DUPLICATE_NAME = "DuplicateExpressSyncName"
Unsettled = Refused | Unanswered


def namesake(finding: Finding, request: ProvisionRequest) -> Group | None:
    """The group of the requested name, if the look showed one; names are unique in an account."""
    groups = finding.groups if isinstance(finding, Seen) else ()
    return next((group for group in groups if group.name == request.name), None)


def judge(
    request: ProvisionRequest, attempts: Sequence[Answer], last: Unsettled, finding: Finding, adoption: Adoption
) -> Verdict | None:
    """The verdict on `attempts`, of which `last` stands, after a look; or None, to look again later.

    None means: absent now, but an attempt may still land, or the name is said to be taken.
    """
    if not isinstance(finding, Seen):
        refused_for_good = not answers.is_retryable(finding)
        certain = refused_for_good and answers.is_impossible(last) and not may_have_created(attempts)
        return Failed(answers.reason(last)) if certain else Indeterminate(answers.reason(last))
    group = namesake(finding, request)
    if group is not None:
        return _judge_namesake(request, group, adoption, last, may_have_created(attempts))
    can_still_land = any(answers.effect(answer) is Effect.PENDING for answer in attempts)
    return None if can_still_land or last.code == DUPLICATE_NAME else Failed(answers.reason(last))


def may_have_created(attempts: Sequence[Answer]) -> bool:
    """Whether an attempt of this run may have made the group."""
    return any(answers.effect(answer) in (Effect.UNKNOWN, Effect.PENDING) for answer in attempts)


def _judge_namesake(
    request: ProvisionRequest, group: Group, adoption: Adoption, last: Unsettled, possibly_created: bool
) -> Verdict:
    is_own = ownership.bears_mark(group, request)
    if not group.is_configured_as(request):
        return Failed(_own_reason("RequestIdReused") if is_own else _name_taken(last))
    if adoption == "never":
        return Indeterminate(_own_reason("OwnerUnknown"), may_settle=False)
    if adoption == "owned" and not is_own:
        return Failed(_name_taken(last))
    return Succeeded(group.express_sync_id, "created" if possibly_created else "existing")


def _name_taken(last: Unsettled) -> Reason:
    return answers.reason(last) if last.code == DUPLICATE_NAME else _own_reason(DUPLICATE_NAME)


def _own_reason(code: str) -> Reason:
    """A reason that a look gave, not an answer."""
    return answers.reason(Unanswered(code, sent=False))
