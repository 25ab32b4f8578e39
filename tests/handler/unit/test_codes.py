"""The table of codes says what the documentation says, and has a row for whatever else may come."""

import json
from pathlib import Path

import pytest

from handler.provisioning import error_table
from handler.provisioning.error_table import Effect
from handler.provisioning.errors import error_info

DOCUMENTED = json.loads((Path(__file__).parents[2] / "data" / "create_express_sync_errors.json").read_bytes())

# The design's four classes, stated once more by hand.
NOT_EXECUTED = {"AssumeRoleFail"}
UNKNOWN = {"InternalError"}
CAN_NEVER_HAVE_MADE_THE_GROUP = {
    "EmptyExpressSyncName",
    "EmptyBucketName",
    "EmptyBucketRegion",
    "InvalidExpressSyncName",
    "DescriptionOverLimit",
    "InvalidRegionId",
    "InvalidBucketName",
}


def test_the_table_is_the_documented_list_with_its_statuses() -> None:
    """No code of the documentation is missing, none is invented, each has its HTTP status."""
    assert [(row["code"], row["status"]) for row in DOCUMENTED] == [
        (code, row.http_status) for code, row in error_table.DOCUMENTED.items()
    ]


@pytest.mark.parametrize("code", [row["code"] for row in DOCUMENTED])
def test_every_documented_code_is_in_the_class_of_the_design(code: str) -> None:
    """AssumeRoleFail was not executed, InternalError is unknown, every other documented code is terminal."""
    expected = (
        Effect.NOT_EXECUTED if code in NOT_EXECUTED else Effect.POSSIBLY_DONE if code in UNKNOWN else Effect.TERMINAL
    )
    assert expected is error_info(code, None).effect


def test_impossible_are_exactly_the_codes_about_the_requests_own_text() -> None:
    """A conflict, a limit or a missing right may come after the group was made; a wrong name may not."""
    everything = {**error_table.DOCUMENTED, **error_table.GATEWAY, **error_table.OWN}
    assert {code for code, row in everything.items() if row.impossible} == CAN_NEVER_HAVE_MADE_THE_GROUP


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
def test_other_codes_are_classed_by_name_then_prefix_then_status(
    code: str, http_status: int | None, effect: Effect
) -> None:
    """A name outranks a 4xx; throttling is known by its prefix or by 429; an unknown 4xx is a refusal."""
    assert effect is error_info(code, http_status).effect


@pytest.mark.parametrize("http_status", [200, 400, 429, 499, 600, None])
def test_a_known_name_outranks_any_status_but_a_5xx(http_status: int | None) -> None:
    """RoleNotExist stays terminal whatever status it comes with, as long as that is not a server error."""
    assert Effect.TERMINAL is error_info("RoleNotExist", http_status).effect


@pytest.mark.parametrize("http_status", [500, 502, 503, 504, 599])
@pytest.mark.parametrize("code", [*error_table.DOCUMENTED, *error_table.GATEWAY, "Throttling.User", "Undocumented"])
def test_any_5xx_is_unknown_whatever_its_code(code: str, http_status: int) -> None:
    """A server error does not settle the call; message and hint are still those of its code."""
    row, usual = error_info(code, http_status), error_info(code, 400)
    assert (row.effect, row.impossible) == (Effect.POSSIBLY_DONE, False)
    assert code not in error_table.DOCUMENTED or (row.message, row.hint) == (usual.message, usual.hint)


def test_every_row_tells_a_person_what_it_means_and_what_to_do() -> None:
    """Message and hint are whole sentences, in every table and in the rows for unknown codes."""
    rows = [*error_table.DOCUMENTED.values(), *error_table.GATEWAY.values(), *error_table.OWN.values()]
    rows += [error_info("Throttling", 400), error_info("Undocumented", 400), error_info("Undocumented", 500)]
    assert [row for row in rows if not (row.message.endswith(".") and row.hint.endswith("."))] == []
