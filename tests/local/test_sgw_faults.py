"""The effect of each fault on the groups and on the wire, and the calls that it applies to."""

import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import urllib3

from tests.local.sgw_signer import Ask
from tests.local.sgw_support import GROUP, Response, RunningSgw
from tests.support.patience import PATIENCE_SECONDS, SILENCE_SECONDS, wait_for


def last_call(sgw: RunningSgw) -> tuple[Any, ...]:
    call = sgw.calls()[-1]
    return call["fault"], call["code"], call["outcome"]


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("throttling", 400, "Throttling.User"),
        ("Throttling", 400, "Throttling"),
        ("Throttling.Api", 400, "Throttling.Api"),
        ("Rejected.Throttling", 400, "Rejected.Throttling"),
        ("unavailable", 503, "ServiceUnavailable"),
        ("ServiceUnavailable", 503, "ServiceUnavailable"),
        ("InternalError", 500, "InternalError"),
        ("AssumeRoleFail", 403, "AssumeRoleFail"),
        ("SignatureNonceUsed", 400, "SignatureNonceUsed"),
        ("InvalidTimeStamp.Expired", 400, "InvalidTimeStamp.Expired"),
        ("InvalidSecurityToken.Expired", 400, "InvalidSecurityToken.Expired"),
        ("InvalidAccessKeyId.NotFound", 404, "InvalidAccessKeyId.NotFound"),
        ("SignatureDoesNotMatch", 400, "SignatureDoesNotMatch"),
        ("IncompleteSignature", 400, "IncompleteSignature"),
        ("Forbidden.RAM", 403, "Forbidden.RAM"),
        ("MissingParameter", 400, "MissingParameter"),
        ("InvalidApi.NotFound", 404, "InvalidApi.NotFound"),
        ("InvalidVersion", 400, "InvalidVersion"),
    ],
)
def test_error_fault_does_nothing(sgw: RunningSgw, fault: str, status: int, code: str) -> None:
    sgw.queue_faults(fault)

    response = sgw.create()

    assert (response.status, response.json()["Code"], sgw.names()) == (status, code, [])
    assert "x-acs-retry-after" not in response.headers
    assert last_call(sgw) == (fault, code, "not-executed")


def test_throttling_can_have_a_time_to_retry_after(sgw: RunningSgw) -> None:
    sgw.queue_faults("throttling:1500")

    response = sgw.create()

    assert (response.json()["Code"], response.headers["x-acs-retry-after"]) == ("Throttling.User", "1500")


def test_502_is_a_page_and_does_nothing(sgw: RunningSgw) -> None:
    sgw.queue_faults("http-502-html")

    response = sgw.create()

    assert (response.status, response.headers["content-type"], sgw.names()) == (502, "text/html", [])
    assert response.body.startswith(b"<html>")
    assert last_call(sgw) == ("http-502-html", None, "not-executed")


def test_empty_500_is_empty_and_does_nothing(sgw: RunningSgw) -> None:
    sgw.queue_faults("empty-500")

    response = sgw.create()

    assert (response.status, response.body, sgw.names()) == (500, b"", [])


def test_unsuccessful_200_has_no_id_and_does_nothing(sgw: RunningSgw) -> None:
    sgw.queue_faults("success-false")

    response = sgw.create()

    body = response.json()
    assert (response.status, body["Success"], body["Code"], sgw.names()) == (200, False, "InternalError", [])
    assert "ExpressSyncId" not in body


@pytest.mark.parametrize("answer_format", ["JSON", "XML"])
def test_malformed_200_cannot_be_parsed_and_does_nothing(sgw: RunningSgw, answer_format: str) -> None:
    sgw.queue_faults("malformed-200")

    response = sgw.create(answer_format=answer_format)

    assert (response.status, sgw.names()) == (200, [])
    with pytest.raises((ValueError, ET.ParseError)):
        ET.XML(response.body) if answer_format == "XML" else response.json()


@pytest.mark.parametrize(("fault", "names"), [("reset-before", []), ("reset-after", ["photos"])])
def test_reset_breaks_the_connection_before_or_after_the_create(sgw: RunningSgw, fault: str, names: list[str]) -> None:
    sgw.queue_faults(fault)

    with pytest.raises(urllib3.exceptions.ProtocolError) as broken:
        sgw.create()

    assert isinstance(broken.value.args[1], ConnectionResetError)
    assert sgw.names() == names
    assert sgw.points == ["create-sent"]


@pytest.mark.parametrize(
    ("fault", "names", "outcome"),
    [("timeout-before", [], "not-executed"), ("timeout-after", ["photos"], "done")],
)
def test_timeout_never_responds_before_or_after_the_create(
    sgw: RunningSgw, fault: str, names: list[str], outcome: str
) -> None:
    sgw.queue_faults(fault)

    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        sgw.create(patience_s=SILENCE_SECONDS)

    wait_for(lambda: last_call(sgw) == (fault, None, outcome))
    assert sgw.names() == names
    assert sgw.points == ["create-sent"]


def test_error_after_the_create_hides_that_it_was_done(sgw: RunningSgw) -> None:
    sgw.queue_faults("error-after")

    response = sgw.create()

    assert (response.status, response.json()["Code"], sgw.names()) == (500, "InternalError", ["photos"])
    assert last_call(sgw) == ("error-after", "InternalError", "done")
    assert sgw.points == ["create-sent", "create-answered"]


@pytest.mark.parametrize("fault", ["reset-after", "timeout-after", "error-after", "late-commit:1"])
def test_no_fault_creates_a_group_that_is_refused(sgw: RunningSgw, fault: str) -> None:
    sgw.create()
    sgw.queue_faults(fault)

    try_to_create(sgw, {**GROUP, "BucketName": "another-bucket"})
    assert not fault.startswith("late-commit") or sgw.clock.is_sleeping.wait(PATIENCE_SECONDS)
    sgw.advance(1)

    assert [group.bucket for group in sgw.groups.describe()] == [GROUP["BucketName"]]
    wait_for(lambda: sgw.calls()[-1]["outcome"] == "DuplicateExpressSyncName")


def test_late_commit_lands_in_its_time(sgw: RunningSgw) -> None:
    lose_a_late_commit(sgw, seconds=30)
    sgw.advance(29)
    before = (sgw.names(), last_call(sgw))
    sgw.advance(1)

    assert before == ([], ("late-commit:30", None, "pending"))
    assert (sgw.names(), last_call(sgw)) == (["photos"], ("late-commit:30", None, "done"))


def test_late_commit_finds_a_group_created_meanwhile(sgw: RunningSgw) -> None:
    """The first to land has the name."""
    lose_a_late_commit(sgw, seconds=30)
    meanwhile = sgw.create({**GROUP, "BucketPrefix": "made-meanwhile"})
    sgw.advance(30)

    assert meanwhile.status == 200
    assert [group.prefix for group in sgw.groups.describe()] == ["made-meanwhile"]


def test_late_commit_lands_after_a_restart_of_the_server(sgw: RunningSgw) -> None:
    lose_a_late_commit(sgw, seconds=30)
    sgw.stop()
    sgw.start()
    sgw.advance(30)

    assert sgw.names() == ["photos"]


def test_late_commit_lands_while_the_server_is_down(sgw: RunningSgw) -> None:
    lose_a_late_commit(sgw, seconds=30)
    sgw.stop()
    sgw.advance(30)
    landed = [group.name for group in sgw.groups.describe()]
    sgw.start()

    assert landed == ["photos"]


def test_late_commit_does_not_land_after_a_reset(sgw: RunningSgw) -> None:
    lose_a_late_commit(sgw, seconds=30)
    sgw.admin("POST", "reset")
    sgw.advance(30)

    assert sgw.names() == []


def test_late_500_responds_at_once_and_lands_in_its_time(sgw: RunningSgw) -> None:
    sgw.queue_faults("late-500:30")
    response = sgw.create()
    before = (sgw.names(), last_call(sgw))
    sgw.advance(30)

    assert (response.status, response.json()["Code"]) == (500, "InternalError")
    assert "x-acs-retry-after" not in response.headers
    assert before == ([], ("late-500:30", "InternalError", "pending"))
    assert (sgw.names(), last_call(sgw)) == (["photos"], ("late-500:30", "InternalError", "done"))


def test_403_page_does_nothing(sgw: RunningSgw) -> None:
    sgw.queue_faults("http-403-html")

    response = sgw.create()

    assert (response.status, response.headers["content-type"], sgw.names()) == (403, "text/html", [])
    assert response.body.startswith(b"<html>")
    assert last_call(sgw) == ("http-403-html", None, "not-executed")


@pytest.mark.parametrize("answer_format", ["JSON", "XML"])
def test_xml_error_fault_is_in_xml_for_every_format(sgw: RunningSgw, answer_format: str) -> None:
    sgw.queue_faults("xml-error:AssumeRoleFail")

    response = sgw.create(answer_format=answer_format)

    assert (response.status, response.headers["content-type"], sgw.names()) == (403, "application/xml", [])
    assert ET.XML(response.body).findtext("Code") == "AssumeRoleFail"
    assert last_call(sgw) == ("xml-error:AssumeRoleFail", "AssumeRoleFail", "not-executed")


@pytest.mark.parametrize(("seconds", "header"), [("4", "4"), ("0.2", "1"), ("0", "0")])
def test_throttling_can_use_the_standard_header(sgw: RunningSgw, seconds: str, header: str) -> None:
    sgw.queue_faults(f"retry-after:{seconds}")

    response = sgw.create()

    assert (response.status, response.json()["Code"], sgw.names()) == (429, "Throttling.User", [])
    assert response.headers["retry-after"] == header
    assert "x-acs-retry-after" not in response.headers


def test_normalised_prefix_has_no_slashes_at_its_ends(sgw: RunningSgw) -> None:
    sgw.queue_faults("normalised", "normalised")
    sgw.create({**GROUP, "BucketPrefix": "teams/a/"})
    sgw.create({"Name": "whole", "BucketName": "another-bucket", "BucketRegion": "cn-hangzhou"})

    listed = sgw.describe().json()["ExpressSyncs"]["ExpressSync"]

    assert [group["BucketPrefix"] for group in listed] == ["teams/a", ""]
    assert last_call(sgw) == (None, "200", "done")


def test_early_hints_come_before_the_response(sgw: RunningSgw) -> None:
    sgw.queue_faults("early-hints", "early-hints")

    for status in (200, 400):
        received = converse(sgw)
        interim, _, final = received.partition(b"\r\n\r\n")
        assert interim.startswith(b"HTTP/1.1 103 Early Hints\r\n")
        assert final.startswith(b"HTTP/1.1 %d " % status)

    assert sgw.names() == ["photos"]
    assert sgw.points == ["create-sent", "create-answered"] * 2


def test_trickle_continues_until_the_client_disconnects(sgw: RunningSgw) -> None:
    sgw.queue_faults("trickle")

    received = converse(sgw, enough=60)

    assert received.startswith(b"HTTP/1.1 200 OK\r\nX-Padding: ...")
    assert (sgw.names(), last_call(sgw)) == (["photos"], ("trickle", None, "done"))
    assert sgw.points == ["create-sent"]


def test_slow_call_waits_and_then_runs_as_usual(sgw: RunningSgw) -> None:
    sgw.queue_faults("slow:1500", "slow:1500")
    with ThreadPoolExecutor() as pool:
        for expected in ("200", "DuplicateExpressSyncName"):
            response = pool.submit(sgw.create)
            assert sgw.clock.is_sleeping.wait(PATIENCE_SECONDS)
            assert sgw.calls()[-1]["outcome"] == "pending"
            sgw.clock.is_sleeping.clear()
            sgw.advance(1.5)
            assert response.result(PATIENCE_SECONDS).json()["Code"] == expected


def test_slow_call_of_a_disconnected_client_is_carried_out(sgw: RunningSgw) -> None:
    sgw.queue_faults("slow:1500")
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        sgw.create(patience_s=SILENCE_SECONDS)
    assert sgw.clock.is_sleeping.wait(PATIENCE_SECONDS)
    sgw.advance(1.5)

    wait_for(lambda: sgw.names() == ["photos"])


def test_stopped_server_disconnects_waiting_clients(sgw: RunningSgw) -> None:
    sgw.queue_faults("timeout-before")
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(try_to_create, sgw, GROUP, PATIENCE_SECONDS)
        assert sgw.was_called.wait(PATIENCE_SECONDS)
        sgw.stop()

        assert isinstance(waiting.result(PATIENCE_SECONDS / 2), urllib3.exceptions.ProtocolError)
    sgw.start()


def test_each_fault_applies_to_one_create_in_order(sgw: RunningSgw) -> None:
    sgw.queue_faults("InternalError", "throttling")
    sgw.queue_faults("unavailable")

    codes = [sgw.create().json()["Code"] for _ in range(5)]

    assert codes == ["InternalError", "Throttling.User", "ServiceUnavailable", "200", "DuplicateExpressSyncName"]


def test_count_repeats_the_whole_list_of_faults(sgw: RunningSgw) -> None:
    sgw.queue_faults("InternalError", "throttling", count=2)

    codes = [sgw.create().json()["Code"] for _ in range(5)]

    assert codes == ["InternalError", "Throttling.User"] * 2 + ["200"]


def test_fault_waits_for_a_name_that_matches_its_glob(sgw: RunningSgw) -> None:
    """Globs are case-sensitive, so that they match the same names on every machine."""
    sgw.queue_faults("InternalError", name="team-[ab]-*")

    names = ["photos", "TEAM-a-1", "team-c-1", "team-b-1", "team-b-2"]
    codes = {name: sgw.create({**GROUP, "Name": name, "BucketPrefix": name}).json()["Code"] for name in names}

    assert [name for name, code in codes.items() if code != "200"] == ["team-b-1"]


def test_fault_of_one_operation_does_not_affect_another(sgw: RunningSgw) -> None:
    sgw.queue_faults("AssumeRoleFail", operation="DescribeExpressSyncs", name="no-such-name")
    sgw.queue_faults("InternalError")

    created, described, described_again = sgw.create(), sgw.describe(), sgw.describe()

    assert [created.json()["Code"], described.json()["Code"], described_again.json()["Code"]] == [
        "InternalError",
        "AssumeRoleFail",
        "200",
    ]


@pytest.mark.parametrize("fault", ["timeout-before", "timeout-after"])
def test_describe_can_be_without_a_response(sgw: RunningSgw, fault: str) -> None:
    sgw.queue_faults(fault, operation="DescribeExpressSyncs")

    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        sgw.describe(patience_s=SILENCE_SECONDS)

    assert sgw.points == []


def test_refused_call_uses_up_no_fault(sgw: RunningSgw) -> None:
    sgw.queue_faults("InternalError")

    unsigned = sgw.send("POST", "/?Action=CreateExpressSync&Version=2018-05-11&Format=JSON")

    assert unsigned.json()["Code"] == "MissingAccessKeyId"
    assert sgw.create().json()["Code"] == "InternalError"


def converse(sgw: RunningSgw, enough: int | None = None) -> bytes:
    """Create a group over a new connection and return its bytes until it closes, or until there are `enough`."""
    request = sgw.sign(Ask("CreateExpressSync", GROUP))
    headers = {
        **request.headers,
        "host": sgw.address,
        "connection": "close",
        "content-length": str(len(request.body)),
    }
    head = [f"POST {request.target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    host, port = sgw.address.split(":")
    received = b""
    with socket.create_connection((host, int(port)), PATIENCE_SECONDS) as connection:
        connection.sendall("\r\n".join(head).encode() + request.body)
        while (enough is None or len(received) < enough) and (data := connection.recv(4096)):
            received += data
    return received


def try_to_create(
    sgw: RunningSgw, parameters: dict[str, str], patience_s: float = SILENCE_SECONDS
) -> Response | Exception:
    """Create a group and return the response or the error of the connection."""
    try:
        return sgw.create(parameters, patience_s=patience_s)
    except urllib3.exceptions.HTTPError as error:
        return error


def lose_a_late_commit(sgw: RunningSgw, seconds: int) -> None:
    """Create a group that lands late, and disconnect without a response."""
    sgw.queue_faults(f"late-commit:{seconds}")
    outcome = try_to_create(sgw, GROUP)
    assert isinstance(outcome, urllib3.exceptions.ReadTimeoutError)
    assert sgw.clock.is_sleeping.wait(PATIENCE_SECONDS)
