"""docs/portal.md: its commands and programs run, its tables and settings agree with the code."""

import configparser
import json
import os
import re
import runpy
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import pytest
import urllib3
import yaml
from standardwebhooks import Webhook

from express_sync.local.account import Key
from express_sync.local.cloud import CloudOptions, background
from express_sync.ops.cli import commands
from express_sync.ops.commands import portal_configuration, portal_service
from express_sync.portal.webhooks.endpoint import read_secrets
from express_sync.portal.webhooks.http import ATTEMPT_SECONDS
from express_sync.portal.webhooks.schedule import DELAYS_SECONDS
from handler.credentials import Credentials
from handler.inbound.validation import violations
from handler.provisioning.error_table import DOCUMENTED, GATEWAY, OWN, Effect
from tests.local.mns_client import RawClient, document
from tests.portal.webhook_receiver import OTHER_SECRET, SECRET
from tests.support.checkout import DOCS, ROOT
from tests.support.http_server import ANY_PORT, served
from tests.support.node import run_node
from tests.support.patience import PATIENCE_SECONDS, wait_for
from tests.support.required import program

PAGE = (DOCS / "portal.md").read_text(encoding="utf-8")
TABLE = {**DOCUMENTED, **GATEWAY, **OWN}
TOKEN = "operator-token"
BUTTONS = {"Wait", "Open", "Correct", "Contact", "Replay"}


def blocks(mark: str) -> list[str]:
    """Return the blocks of code below the comment `mark`."""
    return re.findall(rf"<!-- {re.escape(mark)} -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)


def fenced(language: str, below: str) -> str:
    """Return the first block in a language below a heading."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE.partition(f"\n{below}\n")[2], re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Any]]:
    """Run a local cloud with a portal, and give its ready object."""
    directory = tmp_path_factory.mktemp("portal")
    with background(CloudOptions()) as cloud:
        key = Credentials(cloud.ready["accessKeyId"], cloud.ready["accessKeySecret"])
        settings = portal_service.settings_of(cloud.ready, portal_service.sqlite_url(directory / "portal.sqlite3"))
        known = portal_configuration.authenticator(portal_configuration.read(None, directory), TOKEN)
        with portal_service.portal_of(cloud.ready, key, settings, known) as url:
            yield {**cloud.ready, "portal": {"url": url, "token": TOKEN}}


def ended(command: Sequence[str], **options: Any) -> "subprocess.CompletedProcess[str]":
    """Return a command that has ended well."""
    run = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False, **options)
    assert (run.returncode, run.stderr) == (0, ""), run.stdout
    return run


def test_curl_commands_of_the_page_work(ready: Mapping[str, Any], tmp_path: Path) -> None:
    program("curl")
    (tmp_path / ".express-sync").mkdir()
    (tmp_path / ".express-sync" / "ready.json").write_text(json.dumps(ready))
    lines = [line[2:] for block in blocks("executed: curl") for line in block.splitlines()]
    script = "\n".join(["set -e", f'python3() {{ {shlex.quote(sys.executable)} "$@"; }}', *lines])
    run = ended(("bash", "-c", script), cwd=tmp_path)
    answers = [json.loads(line) for line in run.stdout.splitlines() if line]
    statuses = [each["status"] for each in answers if "requestId" in each]
    assert statuses[:3] == ["succeeded", "succeeded", "failed"]
    assert statuses[-1] == "succeeded"
    assert "RoleNotExist" in json.dumps(next(each for each in answers if "groups" in each))


def environment(ready: Mapping[str, Any]) -> dict[str, str]:
    return {**os.environ, "PORTAL_URL": ready["portal"]["url"], "PORTAL_TOKEN": ready["portal"]["token"]}


def test_python_program_of_the_page_works(ready: Mapping[str, Any]) -> None:
    [program] = blocks("executed: python")
    command = (sys.executable, "-W", "error", "-c", program)
    assert ended(command, env=environment(ready)).stdout.startswith("succeeded sync-")


def test_node_program_of_the_page_works(ready: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(ready).items():
        monkeypatch.setenv(name, value)
    [program] = blocks("executed: node")
    assert run_node(program).startswith("succeeded sync-")


BODY = '{"subject": "相册 <&>"}'


def signed(secret: str, *, age: int = 0, body: str = BODY) -> dict[str, str]:
    """Return the headers of a delivery."""
    at = datetime.fromtimestamp(int(time.time()) - age, timezone.utc)
    signature = f"{Webhook(OTHER_SECRET).sign('msg_1', at, body)} {Webhook(secret).sign('msg_1', at, body)}"
    return {"webhook-id": "msg_1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


def deliveries() -> list[tuple[dict[str, str], bool]]:
    """Return headers of deliveries of BODY, and whether they are valid."""
    return [
        (signed(SECRET), True),
        (signed(OTHER_SECRET), False),
        (signed(SECRET, age=600), False),
        (signed(SECRET, age=-600), False),
        (signed(SECRET, body="{}"), False),
        ({**signed(SECRET), "webhook-id": "msg_2"}, False),
        ({**signed(SECRET), "webhook-timestamp": "soon"}, False),
        ({**signed(SECRET), "webhook-signature": "v1,AA=="}, False),
        ({}, False),
    ]


def test_python_verification_of_the_page_works(tmp_path: Path) -> None:
    [program] = blocks("executed: verify-python")
    (tmp_path / "verify.py").write_text(program)
    defined = runpy.run_path(str(tmp_path / "verify.py"))
    for headers, is_valid in deliveries():
        assert (defined["outcome_of"](SECRET, headers, BODY) is not None) == is_valid, headers


def test_node_verification_of_the_page_works() -> None:
    [program] = blocks("executed: verify-node")
    cases = deliveries()
    given = json.dumps({"secret": SECRET, "body": BODY, "cases": [headers for headers, _ in cases]})
    check = """
import { readFileSync } from "node:fs";
const given = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(given.cases.map((headers) => outcomeOf(given.secret, headers, given.body) !== null)));
"""
    assert json.loads(run_node(program + check, given=given)) == [is_valid for _, is_valid in cases]


def test_receiver_of_the_page_takes_pushes_of_a_topic(tmp_path: Path) -> None:
    """It keeps what the topic pushes, and refuses what anybody else sends."""
    [program] = blocks("executed: push-python")
    with background(CloudOptions(with_function=False)) as cloud:
        mns = cloud.ready["mns"]
        (tmp_path / "receiver.py").write_text(program.replace("Verifier()", f"Verifier({mns['endpoint']!r})"))
        defined = runpy.run_path(str(tmp_path / "receiver.py"))
        with served(ThreadingHTTPServer(ANY_PORT, defined["Outcomes"])) as server:
            url = f"http://127.0.0.1:{server.server_port}/outcomes"
            push(cloud.ready, url, BODY_OF_EVENT)
            wait_for(lambda: defined["outcomes"])
            forged = urllib3.request("POST", url, body=BODY_OF_EVENT)
    assert (forged.status, list(defined["outcomes"])) == (403, [("function", "1")])


BODY_OF_EVENT = '{"source": "function", "id": "1"}'


@contextmanager
def topic_client(ready: Mapping[str, Any]) -> Iterator[RawClient]:
    """Give a client of the cloud's MNS."""
    key = Key(ready["accessKeyId"], ready["accessKeySecret"])
    client = RawClient(urlsplit(ready["mns"]["endpoint"]).port or 0, key)
    yield client
    client.close()


def push(ready: Mapping[str, Any], url: str, body: str) -> None:
    """Subscribe an HTTP server to the topic of outcomes, as the page says, and publish."""
    topic = f"/topics/{ready['mns']['resultTopic']}"
    subscription = document("Subscription", Endpoint=url, NotifyContentFormat="SIMPLIFIED")
    with topic_client(ready) as client:
        assert client.call("PUT", f"{topic}/subscriptions/push", subscription).status == 201
        assert client.call("POST", f"{topic}/messages", document("Message", MessageBody=body)).status == 201


def test_every_program_of_the_page_is_executed() -> None:
    """A block of code in a programming language has a mark that says so."""
    marked = re.findall(r"(<!-- executed: [\w-]+ -->\n)?```(?:python|js)\n", PAGE)
    assert all(marked)


def test_escaped_body_of_the_page_has_the_same_meaning() -> None:
    [program] = blocks("executed: escape-node")
    check = "\nconsole.log(messageBody({ description: 'a < b && c > d </Message>' }));"
    escaped = run_node(program + check)
    assert not set("<>&").intersection(escaped)
    assert json.loads(escaped) == {"description": "a < b && c > d </Message>"}


def rows() -> list[list[str]]:
    """Return the cells of the table of what to tell the end user."""
    table = PAGE.partition("### What to tell the end user")[2].partition("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def codes_of(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_table_of_texts_has_every_status_and_code_once() -> None:
    statuses = {codes_of(status)[0] for status, *_ in rows()}
    assert statuses == {"accepted", "deferred", "succeeded", "rejected", "failed", "indeterminate"}
    named = [code for _, codes, *_ in rows() for code in codes_of(codes)]
    assert sorted(named) == sorted(TABLE)


def test_texts_are_in_both_languages() -> None:
    for _, _, english, chinese, button in rows():
        assert english.isascii()
        assert re.search("[\u4e00-\u9fff]", chinese)
        assert english.endswith(".")
        assert chinese.endswith("。")
        assert button in BUTTONS


def test_buttons_agree_with_the_error_table() -> None:
    """What can never be done is corrected, and what passes is replayed."""
    buttons = {code: button for _, codes, _, _, button in rows() for code in codes_of(codes)}
    for code, row in TABLE.items():
        if row.impossible:
            assert buttons[code] == "Correct", code
        if row.effect in (Effect.NOT_EXECUTED, Effect.POSSIBLY_DONE):
            assert buttons[code] == "Replay", code


def test_configuration_of_the_page_is_valid(tmp_path: Path) -> None:
    [text] = blocks("checked: configuration")
    (tmp_path / "portal.json").write_text(text)
    (tmp_path / "catalogue.secret").write_text(SECRET)
    chosen = portal_configuration.read(tmp_path / "portal.json", tmp_path)
    assert chosen.identity.provider is not None
    assert [each.name for each in chosen.webhooks] == ["catalogue"]


def test_secret_made_as_the_page_says_is_usable(tmp_path: Path) -> None:
    [command] = re.findall(r"`(echo .*?)`\.", PAGE)
    (tmp_path / "secret").write_text(ended(("bash", "-c", command)).stdout)
    assert len(read_secrets(tmp_path / "secret")) == 1


class Unit(configparser.ConfigParser):
    """A unit file, in whose names case matters."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def options_of(arguments: list[str]) -> set[str]:
    return {each for each in arguments if each.startswith("--")}


@pytest.mark.parametrize("mark", ["checked: unit", "checked: dockerfile"])
def test_started_command_has_its_options(mark: str) -> None:
    [text] = blocks(mark)
    if "unit" in mark:
        unit = Unit(interpolation=None)
        unit.read_string(text)
        arguments = shlex.split(unit["Service"]["ExecStart"])[1:]
    else:
        [entry] = re.findall(r"^ENTRYPOINT (.+)$", text, re.MULTILINE)
        arguments = json.loads(entry)[1:]
    context = click.Context(commands)
    assert isinstance(commands, click.Group)
    portal = commands.get_command(context, arguments[0])
    assert portal is not None
    assert options_of(arguments) <= {name for each in portal.params for name in each.opts}


def test_policy_of_the_page_is_that_of_the_template() -> None:
    policy = json.loads(fenced("json", "## Subscribe directly"))
    template = (ROOT / "template.yml").read_text(encoding="utf-8")
    own = template.partition("\n  PortalPolicy:\n")[2].partition("\n\n")[0]
    granted = {action for statement in policy["Statement"] for action in statement["Action"]}
    assert granted == set(re.findall(r"'(mns:\w+)'", own))


def test_recipes_send_every_required_field() -> None:
    port = json.loads(fenced("json", "### Port"))["invocationMethod"]["body"]
    _, backstage = yaml.safe_load_all(fenced("yaml", "### Backstage"))
    for body in (port, backstage["steps"][0]["input"]["body"]):
        broken = violations(dict.fromkeys(body, ""))
        assert not [each for each in broken if each.rule in {"required", "additionalProperties"}]


def test_retries_of_webhooks_are_as_documented() -> None:
    minutes = [seconds / 60 for seconds in DELAYS_SECONDS[1:]]
    assert DELAYS_SECONDS[0] == 5
    assert minutes == [5, 30, *(60 * hours for hours in (2, 5, 10, 14, 20, 24))]
    assert ATTEMPT_SECONDS == 10
