"""The published contract of the API: valid, complete, and kept by the service under fuzzing."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.routing import Route

from express_sync.portal.api.app import ROUTES
from express_sync.portal.api.contract import openapi
from express_sync.portal.api.guard import HEADERS
from express_sync.portal.pages.routes import page_routes
from handler.inbound.validation import REQUEST_SCHEMA, SCHEMAS
from tests.support.patience import wait_for
from tests.support.portal import ALICE, OPERATOR, RunningPortal, outcome, running_portal

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
STREAM = "stream_events"  # its answer does not end


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    """Run a portal that has a request in each status."""
    with running_portal(tmp_path_factory.mktemp("portal")) as running:
        for status in ("succeeded", "rejected", "deferred", "failed", "indeterminate"):
            running.queues.put(json.dumps(outcome(status, f"R-{status}", id=f"{status.encode().hex():0<32}"[:32])))
        wait_for(lambda: len(running.call("GET", "/v1/requests").json["requests"]) == 5)
        yield running


def operations() -> dict[str, tuple[str, str, Mapping[str, Any]]]:
    """Return path, method and content of each operation by its id."""
    return {
        operation["operationId"]: (path, method, operation)
        for path, methods in openapi()["paths"].items()
        for method, operation in methods.items()
    }


def test_document_is_valid_and_served_as_it_is(portal: RunningPortal) -> None:
    validate(dict(openapi()))
    assert portal.call("GET", "/v1/openapi.json", token="").json == openapi()
    schema = portal.call("GET", "/v1/schemas/provision-request.v1.json", token="").json
    assert schema == REQUEST_SCHEMA
    assert portal.call("GET", "/v1/schemas/openapi.json", token="").status == 404


def test_file_refers_to_the_schema_of_requests() -> None:
    written = json.loads((SCHEMAS / "openapi.json").read_bytes())["components"]["schemas"]["ProvisionRequest"]
    assert written == {"$ref": "provision-request.v1.json"}
    assert (SCHEMAS / written["$ref"]).is_file()


def test_every_route_is_documented_and_exists() -> None:
    """All but the static files, and what the pages use of a local cloud."""
    own = [each for each in (*ROUTES, *page_routes()) if isinstance(each, Route)]
    routes = {
        (re.sub(r"request_id", "requestId", route.path), method.lower(), route.endpoint.__name__)
        for route in own
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert routes == {(path, method, name) for name, (path, method, _) in operations().items()}


@pytest.mark.parametrize("name", [name for name in operations() if name != STREAM])
def test_operation_keeps_its_contract_under_fuzzing(portal: RunningPortal, name: str) -> None:
    """Valid and invalid input, with a valid token; bounded, and the same in each run."""
    schema = schemathesis.openapi.from_dict(json.loads(json.dumps(openapi())))
    schema.config.update(base_url=portal.url)
    operation = schema.find_operation_by_id(name)
    modes = tuple(GenerationMode)
    strategy = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in modes))

    @settings(
        max_examples=25,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def fuzz(case: Any) -> None:
        case.headers.pop("Prefer", None)  # each wait would take its time
        response = case.call(headers={"Authorization": f"Bearer {OPERATOR}"})
        case.validate_response(response, checks=CHECKS)
        assert HEADERS.keys() <= {each.title() for each in response.headers}

    fuzz()


@pytest.mark.parametrize("status", ["succeeded", "rejected", "deferred", "failed", "indeterminate"])
def test_status_document_is_valid(portal: RunningPortal, status: str) -> None:
    found = portal.call("GET", f"/v1/requests/R-{status}").json
    components = {"components": openapi()["components"]}
    Draft202012Validator({"$ref": "#/components/schemas/StatusDocument", **components}).validate(found)
    assert found["status"] == status


def test_requester_gets_the_documented_answers(portal: RunningPortal) -> None:
    """Each operation answers a requester with a documented status, also where it is for operators."""
    for name, (path, method, operation) in operations().items():
        if name == STREAM:
            continue
        address = path.replace("{requestId}", "R-failed").replace("{name}", "provision-request.v1.json")
        answer = portal.call(method.upper(), address, {} if method == "post" else None, token=ALICE)
        assert str(answer.status) in operation["responses"], (name, answer)
