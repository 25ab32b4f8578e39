"""What the pages about the portal promise with a number or a name is what the portal does."""

import re
from pathlib import Path

from express_sync.portal.api.contract import openapi
from express_sync.portal.api.prefer import MAX_WAIT_SECONDS
from express_sync.portal.api.stream import REAUTHENTICATION_SECONDS
from express_sync.portal.derivation import STATUSES
from express_sync.portal.identity.key_set import FRESH_SECONDS, STALE_SECONDS
from express_sync.portal.identity.token_file import DEFAULT_TOKEN_FILE
from express_sync.portal.server import KEEP_ALIVE_SECONDS, Server, listen
from express_sync.portal.webhooks.endpoint import MAX_SECRET_BYTES, MIN_SECRET_BYTES
from express_sync.portal.webhooks.outbox import LEASE_MS
from express_sync.portal.webhooks.schedule import MAX_TRIES
from tests.support.checkout import DOCS, ROOT
from tests.support.cli import run_in_process
from tests.support.portal import RunningPortal

PAGE = (DOCS / "portal.md").read_text(encoding="utf-8")
PROSE = " ".join(PAGE.split())
IDENTITIES = " ".join((DOCS / "decisions" / "0014-identities-and-webhooks-of-the-portal.md").read_text().split())


def test_keys_are_kept_as_long_as_documented() -> None:
    assert "fetched again after five minutes or for an unknown key, and used for an hour" in PROSE
    assert "for up to five minutes, or for an hour while the provider cannot be reached" in IDENTITIES
    assert (FRESH_SECONDS, STALE_SECONDS) == (5 * 60, 60 * 60)


def test_deliveries_end_and_are_leased_as_documented() -> None:
    assert "ten attempts in three days" in IDENTITIES
    assert "its lease of a minute" in IDENTITIES
    assert (MAX_TRIES, LEASE_MS) == (10, 60_000)


def test_streams_end_as_soon_as_documented() -> None:
    assert f"open streams of events end within {REAUTHENTICATION_SECONDS} seconds" in PROSE


def test_secrets_are_as_long_as_documented() -> None:
    assert f"base64 of {MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} random bytes" in PROSE


def test_tokens_are_kept_where_documented() -> None:
    assert f"`~/{DEFAULT_TOKEN_FILE}`" in PAGE


def test_preference_of_the_page_is_the_longest_wait() -> None:
    assert set(re.findall(r"wait=(\d+)", PAGE)) == {str(MAX_WAIT_SECONDS)}


def test_port_of_the_page_is_the_default(tmp_path: Path) -> None:
    options = run_in_process(tmp_path, "portal", "--help").out
    assert set(re.findall(r"127\.0\.0\.1:(\d+)|EXPOSE (\d+)", PAGE)) == {("8790", ""), ("", "8790")}
    assert re.search(r"--port [^\[]*\[default: 8790", options)


def test_addresses_of_the_page_are_those_of_the_contract() -> None:
    named = set(re.findall(r"/(?:v1/[a-z_/]*[a-z_]|healthz|readyz|metrics)\b", PAGE))
    documented = {re.sub(r"/\{\w+\}.*", "", path) for path in openapi()["paths"]}
    of_others = {"/v1/actions/runs"}  # Port's
    assert named - documented == of_others


def test_metrics_of_the_page_exist(portal: RunningPortal) -> None:
    metrics = portal.call("GET", "/metrics").text
    for name in re.findall(r"express_sync_portal_\w+", PAGE):
        assert f"# TYPE {name} " in metrics, name


def test_idle_connections_are_kept_as_documented() -> None:
    with listen("127.0.0.1", 0) as listener:
        config = Server(None, listener, lambda _loop: None)._server.config
    assert config.timeout_keep_alive == KEEP_ALIVE_SECONDS > 60
    assert f"keeps idle connections for {KEEP_ALIVE_SECONDS} seconds" in PROSE


def test_diagram_has_every_status() -> None:
    diagram = PAGE.partition("stateDiagram-v2\n")[2].partition("```")[0]
    assert set(re.findall(r"\b[a-z]+\b(?= -->)|(?<=--> )[a-z]+\b", diagram)) == set(STATUSES)


def test_names_of_the_stack_are_those_of_the_template() -> None:
    template = (ROOT / "template.yml").read_text(encoding="utf-8")
    for name in ("CreatePortalQueue", "PortalPolicyName"):
        assert f"`{name}" in PAGE
        assert f"\n  {name}:\n" in template
