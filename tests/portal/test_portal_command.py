"""The commands of the portal's operator: configuration, addresses beyond this machine, and webhooks."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from express_sync.ops.commands import portal_configuration
from express_sync.ops.terminal.errors import CliError
from express_sync.portal.principal import Identity
from express_sync.portal.store.tables import webhook_deliveries
from express_sync.portal.webhooks.outbox import EXHAUSTED
from tests.portal.webhook_receiver import SECRET, Receiver
from tests.portal.webhook_store import Store, failed
from tests.support.cli import Ended, run_in_process
from tests.support.portal import sqlite_url

HOOK = {"name": "hook", "url": "https://hook.example/", "secretFile": "secret"}
PROVIDER = {"issuer": "https://idp.example", "audiences": ["portal"], "jwksUrl": "https://idp.example/keys"}


def written(directory: Path, **document: Any) -> Path:
    """Write a configuration file, and a secret beside it."""
    (directory / "secret").write_text(SECRET)
    path = directory / "portal.json"
    path.write_text(json.dumps(document))
    return path


def run(directory: Path, *arguments: str) -> Ended:
    return run_in_process(directory, "portal", *arguments)


def test_configuration_has_identities_and_webhooks(tmp_path: Path) -> None:
    path = written(tmp_path, identity={"tokenFile": "tokens.json", "provider": PROVIDER}, webhooks=[HOOK])
    chosen = portal_configuration.read(path, tmp_path)
    assert chosen.identity.token_file == tmp_path / "tokens.json"
    assert chosen.identity.provider is not None
    assert [each.secrets for each in chosen.webhooks] == [(SECRET,)]


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"webhook": []}, "$ has an unknown key; known keys are identity, webhooks"),
        ({"webhooks": [{**HOOK, "url": "http://hook.example/"}]}, "$.webhooks[0].url has an invalid value"),
        ({"webhooks": [{**HOOK, "secretFile": "missing"}]}, "the secretFile of webhook hook: No such file"),
        ({"webhooks": [{**HOOK, "secretFile": "portal.json"}]}, "the secretFile of webhook hook: each line must be"),
        ({"webhooks": [HOOK, HOOK]}, "two webhooks have the same name"),
        ({"webhooks": [HOOK] * 33}, "$.webhooks must have at most 32 items"),
        ({"identity": {"provider": {"issuer": "x"}}}, "$.identity.provider.audiences is missing"),
        ({"identity": {"provider": {**PROVIDER, "jwksUrl": "http://idp.example"}}}, "jwksUrl has an invalid value"),
    ],
)
def test_invalid_configuration_is_explained(tmp_path: Path, document: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CliError) as error:
        portal_configuration.read(written(tmp_path, **document), tmp_path)
    assert sentence in error.value.message
    assert SECRET not in error.value.message


@pytest.mark.parametrize("content", ["", "{", "[]", "[" * 100_000])
def test_unreadable_configuration_is_explained(tmp_path: Path, content: str) -> None:
    path = tmp_path / "portal.json"
    path.write_text(content)
    with pytest.raises(CliError):
        portal_configuration.read(path, tmp_path)


def test_operator_token_is_accepted_beside_created_ones(tmp_path: Path) -> None:
    assert run(tmp_path, "token", "create", "ci", "--role", "requester").code == 0
    chosen = portal_configuration.read(None, tmp_path)
    authenticate = portal_configuration.authenticator(chosen, "text")
    assert authenticate({"authorization": "Bearer text"}) == Identity("operator", "operator")
    assert len(authenticate.tokens()) == 2


def test_portal_without_identities_stays_on_this_machine(tmp_path: Path) -> None:
    chosen = portal_configuration.read(None, tmp_path)
    portal_configuration.check_host(chosen, "127.0.0.1")
    with pytest.raises(CliError, match="express-sync portal token create"):
        portal_configuration.check_host(chosen, "192.0.2.1")
    run(tmp_path, "token", "create", "ci", "--role", "operator")
    portal_configuration.check_host(chosen, "192.0.2.1")


def test_subcommand_needs_no_cloud(tmp_path: Path) -> None:
    ended = run(tmp_path, "token", "list")
    assert (ended.code, ended.out, "Acting on" in ended.err) == (0, "", False)


@pytest.fixture
def kept(tmp_path: Path) -> str:
    """Return the URL of a database with one delivery that was not accepted."""
    store = Store(sqlite_url(tmp_path))
    endpoint = Receiver("http://127.0.0.1:1").endpoint()
    store.append([endpoint], failed("one"))
    store.send(endpoint)
    store.database.close()
    return sqlite_url(tmp_path)


def test_deliveries_are_listed(tmp_path: Path, kept: str) -> None:
    [line] = run(tmp_path, "webhooks", "list", "--json", "--database", kept).lines()
    expected = {"endpoint": "hook", "requestId": "one", "state": "pending", "tries": 1, "code": "NotConnected"}
    assert {key: line[key] for key in expected} == expected
    table = run(tmp_path, "webhooks", "list", "--database", kept)
    assert "NotConnected" in table.out
    assert table.err == "1 delivery not accepted.\n"
    assert run(tmp_path, "webhooks", "list", "--endpoint", "other", "--database", kept).err.startswith("0 deliveries")


def test_retry_reports_what_it_sends_again(tmp_path: Path, kept: str) -> None:
    ended = run(tmp_path, "webhooks", "retry", "hook", "--database", kept)
    assert (ended.code, ended.err) == (0, "0 deliveries will be sent again.\n")


def test_retry_dry_run_counts_and_changes_nothing(tmp_path: Path) -> None:
    store = Store(sqlite_url(tmp_path))
    endpoint = Receiver("http://127.0.0.1:1").endpoint()
    store.append([endpoint], failed("one"))
    with store.database.writing() as connection:
        connection.execute(update(webhook_deliveries).values(state=EXHAUSTED))
    store.database.close()
    for _ in range(2):
        ended = run(tmp_path, "webhooks", "retry", "hook", "--dry-run", "--database", sqlite_url(tmp_path))
        assert (ended.code, ended.err) == (0, "1 delivery would be sent again. Nothing was changed.\n")


@pytest.mark.parametrize("arguments", [("list",), ("retry", "hook")])
@pytest.mark.parametrize(
    "url",
    [
        "mysql://user:secret@db/x",
        "nonsense",
        "sqlite:////missing/portal.sqlite3",
        "sqlite://user:secret@/x",
        "sqlite:///x?timeout=secret@",
        "sqlite:///file:x?mode=memory&uri=true",
        "postgresql://user:secret@/x?host=a&host=b:c",
    ],
)
def test_unusable_database_is_explained(tmp_path: Path, arguments: Sequence[str], url: str) -> None:
    ended = run(tmp_path, "webhooks", *arguments, "--database", url)
    assert "--database" in ended.only_a_sentence()
    assert "secret@" not in ended.err
