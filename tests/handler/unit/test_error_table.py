"""The table of error codes equals the documentation, and every other code has a row too."""

import json

import pytest

from handler.provisioning import error_table
from handler.provisioning.error_table import Effect
from handler.provisioning.errors import error_info
from tests.support.checkout import DATA
from tests.support.samples import IMPOSSIBLE

DOCUMENTED = json.loads((DATA / "create_express_sync_errors.json").read_bytes())

# A second statement of the effects.
NOT_EXECUTED = {"AssumeRoleFail"}
UNKNOWN = {"InternalError"}


def test_error_table_equals_the_documented_list() -> None:
    """Each documented code is there with its HTTP status, and no other code is."""
    assert [(row["code"], row["status"]) for row in DOCUMENTED] == [
        (code, row.http_status) for code, row in error_table.DOCUMENTED.items()
    ]


@pytest.mark.parametrize("code", [row["code"] for row in DOCUMENTED])
def test_every_documented_code_has_its_effect(code: str) -> None:
    """AssumeRoleFail is not executed, InternalError is possibly done, every other documented code is terminal."""
    expected = (
        Effect.NOT_EXECUTED if code in NOT_EXECUTED else Effect.POSSIBLY_DONE if code in UNKNOWN else Effect.TERMINAL
    )
    assert expected is error_info(code, None).effect


def test_only_codes_about_the_requests_text_are_impossible() -> None:
    """A conflict, a limit or a missing right may be reported after the group was made; a wrong name may not."""
    everything = {**error_table.DOCUMENTED, **error_table.GATEWAY, **error_table.OWN}
    assert {code for code, row in everything.items() if row.impossible} == set(IMPOSSIBLE)


@pytest.mark.parametrize(
    ("code", "http_status", "effect"),
    [
        ("Throttling", 400, Effect.NOT_EXECUTED),
        ("Throttling.User", 400, Effect.NOT_EXECUTED),
        ("Throttling.Api", 400, Effect.NOT_EXECUTED),
        ("Throttling.Anything", None, Effect.NOT_EXECUTED),
        ("Rejected.Throttling", 400, Effect.NOT_EXECUTED),
        ("Http429", 429, Effect.NOT_EXECUTED),
        ("SignatureNonceUsed", 400, Effect.POSSIBLY_DONE),
        ("InvalidTimeStamp.Expired", 400, Effect.NOT_EXECUTED),
        ("NotConnected", None, Effect.NOT_EXECUTED),
        ("OutOfTime", None, Effect.NOT_EXECUTED),
        ("ServiceUnavailable", 503, Effect.POSSIBLY_DONE),
        ("GatewayLostService", 503, Effect.POSSIBLY_DONE),
        ("ReadTimeout", None, Effect.POSSIBLY_DONE),
        ("ConnectionLost", None, Effect.POSSIBLY_DONE),
        ("MalformedAnswer", 200, Effect.POSSIBLY_DONE),
        ("HandlerFault", None, Effect.POSSIBLY_DONE),
        ("Undocumented", 200, Effect.POSSIBLY_DONE),
        ("Undocumented", 302, Effect.POSSIBLY_DONE),
        ("Undocumented", 399, Effect.POSSIBLY_DONE),
        ("Undocumented", 500, Effect.POSSIBLY_DONE),
        ("Throttling.Api", 503, Effect.POSSIBLY_DONE),
        ("Undocumented", 599, Effect.POSSIBLY_DONE),
        ("Undocumented", None, Effect.POSSIBLY_DONE),
        ("Undocumented", 400, Effect.TERMINAL),
        ("Undocumented", 499, Effect.TERMINAL),
        ("InvalidSecurityToken.Expired", 400, Effect.NOT_EXECUTED),
        ("InvalidSecurityToken.Malformed", 400, Effect.TERMINAL),
        ("InvalidAccessKeyId.NotFound", 404, Effect.TERMINAL),
        ("SignatureDoesNotMatch", 400, Effect.TERMINAL),
        ("Forbidden.RAM", 403, Effect.TERMINAL),
        ("OwnerUnknown", None, Effect.TERMINAL),
        ("RequestIdReused", None, Effect.TERMINAL),
        ("ConfigurationUnclear", None, Effect.TERMINAL),
    ],
)
def test_other_codes_are_found_by_name_then_prefix_then_status(
    code: str, http_status: int | None, effect: Effect
) -> None:
    """A name outranks a 4xx; throttling is recognised by its prefix or by 429; an unknown 4xx is a refusal."""
    assert effect is error_info(code, http_status).effect


@pytest.mark.parametrize(
    ("code", "effect"),
    [
        ("internalerror", Effect.POSSIBLY_DONE),
        ("InternalError.Timeout", Effect.POSSIBLY_DONE),
        ("SERVICEUNAVAILABLE.Temporary", Effect.POSSIBLY_DONE),
        ("AssumeRoleFail.Expired", Effect.NOT_EXECUTED),
        ("throttling.user", Effect.NOT_EXECUTED),
        ("REJECTED.THROTTLING", Effect.NOT_EXECUTED),
        ("invalidsecuritytoken.expired", Effect.NOT_EXECUTED),
        ("InvalidSecurityToken.Expired.Sts", Effect.TERMINAL),
        ("InternalErrors", Effect.TERMINAL),
        ("roleNotExist.Sts", Effect.TERMINAL),
        ("notconnected", Effect.TERMINAL),
        ("NotConnected.Gateway", Effect.TERMINAL),
    ],
)
def test_code_in_another_case_or_refined_means_the_same(code: str, effect: Effect) -> None:
    """The function's own codes have one spelling: they are never taken from an answer."""
    assert effect is error_info(code, 400).effect


@pytest.mark.parametrize("code", ["InvalidBucketName.NotFound", "invalidbucketname"])
def test_only_the_documented_spelling_proves_impossibility(code: str) -> None:
    """A refinement may speak of the moment, such as a bucket that is deleted meanwhile."""
    assert error_info(code, 400).message == error_info("InvalidBucketName", 400).message
    assert not error_info(code, 400).impossible


@pytest.mark.parametrize("http_status", [200, 400, 429, 499, 600, None])
def test_known_code_outranks_any_status_but_a_5xx(http_status: int | None) -> None:
    """RoleNotExist stays terminal with any status that is not a server error."""
    assert Effect.TERMINAL is error_info("RoleNotExist", http_status).effect


@pytest.mark.parametrize("http_status", [500, 502, 503, 504, 599])
@pytest.mark.parametrize("code", [*error_table.DOCUMENTED, *error_table.GATEWAY, "Throttling.User", "Undocumented"])
def test_any_5xx_is_possibly_done_under_every_code(code: str, http_status: int) -> None:
    """The message and the hint are still those of the code."""
    row, usual = error_info(code, http_status), error_info(code, 400)
    assert (row.effect, row.impossible) == (Effect.POSSIBLY_DONE, False)
    assert code not in error_table.DOCUMENTED or (row.message, row.hint) == (usual.message, usual.hint)


def test_every_error_row_has_a_message_and_a_hint() -> None:
    """Both are whole sentences, in every table and in the rows for unknown codes."""
    rows = [*error_table.DOCUMENTED.values(), *error_table.GATEWAY.values(), *error_table.OWN.values()]
    rows += [error_info("Throttling", 400), error_info("Undocumented", 400), error_info("Undocumented", 500)]
    assert [row for row in rows if not (row.message.endswith(".") and row.hint.endswith("."))] == []
