"""An incident of 200 requests: found, explained, replayed, and nothing lost, with what the commands print only."""

import json
import re
import shlex
from pathlib import Path

import pytest

from express_sync.local.cloud import CloudOptions
from tests.support.cli import PATIENT, CloudShell, Ended, cloud_shell

pytestmark = pytest.mark.long

REQUESTS = 200


class Operator:
    """Types commands, and counts them."""

    def __init__(self, cloud: CloudShell) -> None:
        self.typed: list[str] = []
        self._cloud = cloud

    def type(self, line: str, stdin: str = "") -> Ended:
        """Run one command as it stands in a text, without the name of the program."""
        self.typed.append(line)
        words = shlex.split(line)
        return self._cloud.run(*words, *(PATIENT if "--wait" in words else ()), stdin=stdin)


def requests() -> str:
    names = [f"{'role' if number % 2 else 'assume'}-{number}" for number in range(REQUESTS)]
    documents = [
        {"requestId": f"R-{name}", "name": name, "bucketName": f"b-{name}", "bucketRegion": "cn-hangzhou"}
        for name in names
    ]
    return "".join(json.dumps(document) + "\n" for document in documents)


def test_operator_ends_an_incident_of_200_requests(tmp_path: Path) -> None:
    """RoleNotExist and AssumeRoleFail are mixed; the deferrals run out, so that both end in failures."""
    options = CloudOptions(
        environment={
            "EXPRESS_SYNC_MAX_DEFERRALS": "1",
            "EXPRESS_SYNC_BACKOFF_BASE_SECONDS": "0.01",
            "EXPRESS_SYNC_DEFER_BASE_SECONDS": "1",
        }
    )
    with cloud_shell(tmp_path, options) as cloud:
        cloud.fault("sgw", name="role-*", faults=["RoleNotExist"], count=10_000)
        cloud.fault("sgw", name="assume-*", faults=["AssumeRoleFail"], count=10_000)
        cloud.run("submit", "--wait", *PATIENT, stdin=requests())
        cloud.run("fault", "clear")
        operator = Operator(cloud)

        doctor = operator.type("doctor")
        assert doctor.code == 1
        first = doctor.out.splitlines()[0]
        assert "200 failures in the failure queue" in first
        assert re.search(r"\((RoleNotExist|AssumeRoleFail)", first)

        listed = operator.type("failures list --by code")
        rows = {line.split()[0]: int(line.split()[1]) for line in listed.out.splitlines()[1:]}
        assert rows == {"RoleNotExist": 100, "AssumeRoleFail": 100}

        for code, force in (("RoleNotExist", " --force"), ("AssumeRoleFail", "")):
            replayed = operator.type(f"replay --code {code}{force} --yes --wait")
            assert replayed.code == 0, replayed.err
            assert "100 sent: 100 succeeded." in replayed.err

        assert operator.type("health").code == 0
        assert len(cloud.groups()) == REQUESTS
        assert cloud.messages("failureQueue") == cloud.messages("deadLetterQueue") == 0
    assert len(operator.typed) == 5
