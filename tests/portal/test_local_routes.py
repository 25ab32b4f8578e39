"""The pages' own routes: their configuration, their files, and the services of a local cloud."""

import gzip
from collections.abc import Iterator

import pytest
import urllib3

from express_sync.portal.clock import now_ms, parse_ms
from tests.support.portal import ALICE, OPERATOR, RunningPortal, running_portal
from tests.support.portal_cloud import PortalCloud, portal_cloud

RULE = {"service": "sgw", "operation": "CreateExpressSync", "faults": ["InternalError"], "seconds": 60}


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalCloud]:
    with portal_cloud(tmp_path_factory.mktemp("portal")) as running:
        yield running


@pytest.fixture(scope="module")
def lonely(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    """Run a portal whose local cloud has stopped."""
    gone = dict.fromkeys(("mns", "sgw", "fc"), "http://127.0.0.1:9")
    with running_portal(tmp_path_factory.mktemp("lonely"), local_cloud=gone) as running:
        yield running


def test_config_names_the_caller_and_the_cloud(portal: PortalCloud, lonely: RunningPortal) -> None:
    assert portal.call("GET", "/v1/config") == {"identity": {"name": "operator", "role": "operator"}, "local": True}
    assert lonely.call("GET", "/v1/config", token=ALICE).json["identity"] == {"name": "alice", "role": "requester"}
    assert lonely.call("GET", "/v1/config", token="").status == 401


def test_fault_is_added_shown_and_cleared(portal: PortalCloud) -> None:
    portal.call("POST", "/v1/local/faults", RULE)
    [rule] = portal.call("GET", "/v1/local/faults")["rules"]
    assert (rule["service"], rule["faults"], rule["left"]) == ("sgw", ["InternalError"], 10_000)
    left_ms = (parse_ms(rule["until"]) or 0) - now_ms()
    assert left_ms <= 60_000  # a countdown does not begin above the time that was chosen
    assert portal.call("DELETE", "/v1/local/faults") == {"rules": []}
    assert portal.call("GET", "/v1/local/faults") == {"rules": []}


def test_calls_of_all_services_are_in_order(portal: PortalCloud) -> None:
    portal.submit("R-calls", "calls")
    portal.wait_for_status("R-calls", "succeeded")
    calls = portal.call("GET", "/v1/local/calls")["calls"]
    assert {each["service"] for each in calls} == {"mns", "sgw"}
    assert [each["time"] for each in calls] == sorted((each["time"] for each in calls), reverse=True)
    assert "MessageNotExist" not in {each["code"] for each in calls}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("faults", {**RULE, "service": "fc"}, 400),
        ("faults", {**RULE, "faults": ["<b>"]}, 400),
        ("faults", {**RULE, "seconds": -1}, 400),
        ("faults", [], 400),
        ("faults", b'{"service": "sgw"', 400),
        ("faults", b" " * 2_000_000, 413),
        ("kill", {"after": "nowhere"}, 400),
    ],
)
def test_bad_body_is_refused(lonely: RunningPortal, portal: PortalCloud, path: str, body: object, status: int) -> None:
    data = {"body": body} if isinstance(body, bytes) else {"json": body}
    headers = {"Authorization": "Bearer operator-token", "Content-Type": "application/json"}
    answer = urllib3.request("POST", f"{portal.url}/v1/local/{path}", headers=headers, retries=False, **data)
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")


@pytest.mark.parametrize("path", ["queues", "queues/x", "faults", "calls", "logs"])
def test_stopped_cloud_is_reported(lonely: RunningPortal, path: str) -> None:
    answer = lonely.call("GET", f"/v1/local/{path}", token=OPERATOR)
    assert (answer.status, answer.json["type"]) == (503, "urn:express-sync:problem:local-cloud")


@pytest.mark.parametrize("path", ["queues", "faults", "calls", "logs", "queues/express-sync-requests"])
def test_requester_does_not_see_the_cloud(lonely: RunningPortal, path: str) -> None:
    assert lonely.call("GET", f"/v1/local/{path}", token=ALICE).status == 403
    assert lonely.call("GET", f"/v1/local/{path}", token="").status == 401


@pytest.mark.parametrize("path", ["faults", "kill"])
def test_requester_changes_nothing_in_the_cloud(lonely: RunningPortal, path: str) -> None:
    assert lonely.call("POST", f"/v1/local/{path}", RULE, ALICE).status == 403


def test_portal_of_another_cloud_has_no_local_routes(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_portal(tmp_path_factory.mktemp("other")) as other:
        assert other.call("GET", "/v1/config").json["local"] is False
        assert other.call("GET", "/v1/local/queues").status == 404


@pytest.mark.parametrize("path", ["/", "/js/main.js", "/texts/zh.json", "/forms/catalogue.zh.json"])
def test_files_need_no_identity_and_are_compressed(lonely: RunningPortal, path: str) -> None:
    answer = urllib3.request(
        "GET", lonely.url + path, headers={"Accept-Encoding": "gzip"}, decode_content=False, retries=False
    )
    assert (answer.status, answer.headers.get("Content-Encoding")) == (200, "gzip")
    assert gzip.decompress(answer.data)


def test_page_allows_only_its_own_files(lonely: RunningPortal) -> None:
    policy = lonely.call("GET", "/", token="").headers["Content-Security-Policy"]
    directives = dict(each.strip().split(" ", 1) for each in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert {directives[f"{kind}-src"] for kind in ("script", "style", "img", "connect")} == {"'self'"}
    assert directives["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", ["/../routes.py", "/%2e%2e/routes.py", "/forms/catalogue.xx.json", "/none.js", "/js"])
def test_other_file_is_not_served(lonely: RunningPortal, path: str) -> None:
    assert lonely.call("GET", path, token="").status == 404
