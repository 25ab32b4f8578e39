"""The portal as commands run it: with a local cloud, and alone for a profile."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
import urllib3

from tests.support.cli import CloudShell, Shell
from tests.support.patience import PATIENCE_SECONDS, wait_for
from tests.support.portal import GROUP

REQUEST = {"requestId": "R-1", **GROUP}


@contextmanager
def started(shell: Shell, *arguments: str) -> Iterator[dict[str, Any]]:
    """Run a command, give the object that it prints, and stop it; it prints nothing else."""
    with shell.start(*arguments) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, out) == (0, "")
    assert [line for line in err.splitlines() if not line.startswith("Acting on ")] == []


def call(url: str, token: str, method: str, path: str, **options: Any) -> Any:
    headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
    return urllib3.request(method, url + path, headers=headers, **options)


def test_up_serves_a_request_from_submission_to_group(shell: Shell) -> None:
    with started(shell, "up", "--json") as ready:
        portal = ready["portal"]
        answer = call(**portal, method="POST", path="/v1/requests", json=REQUEST, headers={"Prefer": "wait=20"})
        found = wait_for(lambda: _terminal(portal, "R-1"))
        groups = urllib3.request("GET", f"{ready['sgw']['endpoint']}/_local/groups").json()
    assert answer.status in {200, 202}
    assert [group["ExpressSyncId"] for group in groups] == [found["expressSyncId"]]
    assert found["latest"]["requestsource"] == "/express-sync/portal"
    assert list((shell.directory / ".express-sync").iterdir()) == []


def test_portal_of_a_profile_keeps_token_and_history(cloud: CloudShell) -> None:
    cloud.write_profile("mine")
    for _ in range(2):
        with started(cloud.shell, "portal", "--profile", "mine", "--port", "0", "--json") as ready:
            token = (cloud.shell.directory / ".express-sync" / "portal-mine.token").read_text().strip()
            portal = {"url": ready["url"], "token": token}
            call(**portal, method="POST", path="/v1/requests", json=REQUEST)
            found = wait_for(partial(_terminal, portal, "R-1"))
        assert [each["kind"] for each in found["history"]] == ["accepted", "outcome"]
    assert (cloud.shell.directory / ".express-sync" / "portal-mine.token").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--host", "0.0.0.0"), "express-sync portal token create"),
        (("--database", "mysql://secret@host/db"), "must be sqlite or postgresql"),
        (("--database", "sqlite://"), "in a file"),
        (("--database", "postgresql://user:not-the-secret@127.0.0.1:1/db"), "cannot be used (OperationalError)"),
        (("--database", "sqlite:////missing/portal.sqlite3"), "cannot be used (unable to open database file)"),
    ],
)
def test_portal_that_cannot_start_is_one_sentence(queues: CloudShell, options: tuple[str, ...], sentence: str) -> None:
    queues.write_profile("mine")
    said = queues.run("portal", "--profile", "mine", "--port", "0", *options).only_a_sentence()
    assert sentence in said
    assert "secret" not in said


def _terminal(portal: dict[str, str], request_id: str) -> Any:
    found = call(**portal, method="GET", path=f"/v1/requests/{request_id}").json()
    return found if found["terminal"] else None
