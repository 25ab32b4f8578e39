"""Decides the verdict on a request whose create calls have not succeeded. A pure decision.

`failed` requires that a lookup did not find the group and that nothing which was sent can still land, or that the
request can never have made a group at all. What cannot be known is `indeterminate`.
"""

from collections.abc import Sequence

from handler.model import (
    Adoption,
    Answer,
    Failed,
    Group,
    GroupList,
    Indeterminate,
    LookupResult,
    ProvisionRequest,
    Reason,
    Refused,
    Succeeded,
    Unanswered,
    Verdict,
)
from handler.provisioning import errors
from handler.provisioning.error_table import Effect
from handler.provisioning.likeness import Likeness, likeness, may_be
from handler.provisioning.ownership import Maker, maker

DUPLICATE_NAME = "DuplicateExpressSyncName"
NoSuccess = Refused | Unanswered


def groups_named(found: LookupResult, request: ProvisionRequest) -> list[Group]:
    """Return the groups of the requested name that a lookup showed.

    Names are documented as unique, but an endpoint may show only a part of the account.
    """
    groups = found.groups if isinstance(found, GroupList) else ()
    return [group for group in groups if group.name == request.name]


def decide(
    request: ProvisionRequest,
    attempts: Sequence[Answer],
    last: NoSuccess,
    found: LookupResult,
    adoption: Adoption,
    *,
    in_flight: bool = False,
) -> Verdict | None:
    """Return the verdict on `attempts`, of which `last` is the result, after a lookup; or None, to look it up again.

    None means: not found yet, but an attempt may still land, the API reports the name as taken, or an entry that cannot
    be read or is not listed may be the group. `in_flight`: something that was sent before these attempts may still make
    the group.
    """
    possibly_created = may_have_created(attempts)
    if not isinstance(found, GroupList):
        is_final = not errors.is_retryable(found)  # else a later lookup may show the group
        is_certain = is_final and errors.is_impossible(last) and not (possibly_created or in_flight)
        return Failed(errors.reason_of(last)) if is_certain else Indeterminate(errors.reason_of(last))
    shown = (
        _decide_on_group(request, group, adoption, last, possibly_created) for group in groups_named(found, request)
    )
    verdict = min(shown, key=_rank, default=None)
    is_hidden = not found.is_complete or any(may_be(fragment, request) for fragment in found.unreadable)
    if verdict is not None and (isinstance(verdict, Succeeded) or not is_hidden):
        return verdict
    if possibly_created or in_flight or is_hidden or errors.documented(last.code) == DUPLICATE_NAME:
        return None
    return Failed(errors.reason_of(last))


def _rank(verdict: Verdict) -> int:
    """Return the rank of a verdict on one of several groups of the name: the requested group takes precedence."""
    return (Succeeded, Indeterminate, Failed).index(type(verdict))


def may_have_created(attempts: Sequence[Answer]) -> bool:
    """Return whether one of the attempts may have made the group, or may still make it."""
    return any(errors.effect(answer) is Effect.POSSIBLY_DONE for answer in attempts)


def _decide_on_group(
    request: ProvisionRequest, group: Group, adoption: Adoption, last: NoSuccess, possibly_created: bool
) -> Verdict:
    success = Succeeded(group.express_sync_id, "created" if possibly_created else "existing")
    compared = likeness(group, request)
    made_by = maker(group, request)
    if made_by is Maker.UNCLEAR and adoption == "owned" and group.bucket_name == request.bucket_name:
        return Indeterminate(errors.reason("OwnerUnknown"), may_become_known=False)
    if made_by not in (Maker.UNCLEAR, Maker.SOMEBODY_ELSE):
        return success if _is_requested(group, request, made_by, compared) else Failed(errors.reason("RequestIdReused"))
    if adoption == "owned" or compared is Likeness.OTHER:
        return Failed(_name_taken(last))
    if adoption == "never":
        return Indeterminate(errors.reason("OwnerUnknown"), may_become_known=False)
    if compared is Likeness.SAME:
        return success
    return Indeterminate(errors.reason("ConfigurationUnclear"), may_become_known=False)


def _is_requested(group: Group, request: ProvisionRequest, made_by: Maker, compared: Likeness) -> bool:
    """Return whether a group that a request of this id made is the one that is requested now."""
    if made_by is Maker.THIS_REQUEST:  # whatever the API shows as prefix or region
        return group.bucket_name == request.bucket_name
    return made_by is Maker.THIS_ID and compared is not Likeness.OTHER


def _name_taken(last: NoSuccess) -> Reason:
    return errors.reason_of(last) if last.code == DUPLICATE_NAME else errors.reason(DUPLICATE_NAME)
