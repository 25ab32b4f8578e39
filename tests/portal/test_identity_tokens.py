"""The portal's own bearer tokens: kept as digests, revoked at once, refused in URLs."""

import json
import stat
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from express_sync.ops.commands.portal_token import token as command
from express_sync.portal.identity import refusals, token_file
from express_sync.portal.identity.authenticator import MAX_TOKEN, Authenticator, token_in_url, why_not_listen
from express_sync.portal.identity.token_file import TokenFile
from express_sync.portal.identity.tokens import InvalidTokenFileError, Token, create, digest_of, parse
from express_sync.portal.principal import Identity
from tests.support.clock import FakeClock

NOW = 1_800_000_000.0
TEXT = "esp_" + "t" * 43
LIN = Token("lin.wei", "requester", digest_of(TEXT), int(NOW), int(NOW) + 60)


def authenticator(*known: Token) -> Authenticator:
    return Authenticator(lambda: known, None, FakeClock(NOW))


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


def run(*arguments: str, path: Path) -> Any:
    return CliRunner().invoke(command, [*arguments, "--file", str(path)])


def created(path: Path, *arguments: str) -> dict[str, Any]:
    result = run("create", *arguments, "--json", path=path)
    assert result.exit_code == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_token_identifies_its_owner() -> None:
    assert authenticator(LIN)(bearer(TEXT)) == Identity("lin.wei", "requester")


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer "])
def test_scheme_is_case_insensitive(scheme: str) -> None:
    assert authenticator(LIN)({"authorization": f"{scheme} {TEXT}"}) == Identity("lin.wei", "requester")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", f"Basic {TEXT}", TEXT, f"Token {TEXT}"])
def test_missing_token_is_asked_for(header: str) -> None:
    refusal = authenticator(LIN)({"authorization": header})
    assert refusal == refusals.MISSING
    assert dict(refusal.headers) == {"WWW-Authenticate": 'Bearer realm="express-sync"'}


def test_request_without_the_header_is_refused() -> None:
    assert authenticator(LIN)({}) == refusals.MISSING


@pytest.mark.parametrize(
    "text", ["wrong", TEXT[:-1], TEXT + "x", digest_of(TEXT), LIN.id, "esp_", "\ud800", "a.b.c", "x" * MAX_TOKEN]
)
def test_unknown_token_is_refused(text: str) -> None:
    refusal = authenticator(LIN)(bearer(text))
    assert refusal == refusals.UNKNOWN
    assert 'error="invalid_token"' in refusal.headers["WWW-Authenticate"]


def test_huge_token_is_refused() -> None:
    assert authenticator(LIN)(bearer("x" * (MAX_TOKEN + 1))) == refusals.TOO_LARGE


def test_expired_token_is_refused() -> None:
    assert authenticator(LIN).authenticate(bearer(TEXT), NOW + 59) == Identity("lin.wei", "requester")
    assert authenticator(LIN).authenticate(bearer(TEXT), NOW + 60) == refusals.EXPIRED


def test_every_digest_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of a comparison does not tell which token is the right one, or how much of it is right."""
    compared: list[str] = []

    def compare(one: str, other: str) -> bool:
        compared.append(one)
        return one == other

    monkeypatch.setattr("express_sync.portal.identity.tokens.hmac.compare_digest", compare)
    others = [create(f"other-{number}", "operator", NOW, 60)[0] for number in range(3)]
    authenticator(LIN, *others)(bearer(TEXT))
    assert len(compared) == 4


@pytest.mark.parametrize(
    "query",
    [
        "token=x",
        "access_token=x",
        "Access_Token=x",
        "a=1&jwt=",
        f"q={TEXT}",
        "q=eyJhbGciOi",
        "%74oken=x",
        "a;token=x&token=",
    ],
)
def test_token_in_a_url_is_refused(query: str) -> None:
    assert token_in_url(query.encode()) == refusals.IN_URL


@pytest.mark.parametrize("query", ["", "q=tokens", "cursor=abc", "status=failed&q=REQ-1", "\ufffd=%ff"])
def test_ordinary_query_is_accepted(query: str) -> None:
    assert token_in_url(query.encode()) is None


@pytest.mark.parametrize("host", ["::", "192.0.2.1", "portal.example", ""])
def test_portal_without_identities_listens_on_loopback_only(host: str) -> None:
    refused = why_not_listen(host, has_tokens=False, has_provider=False)
    assert refused is not None
    assert "express-sync portal token create" in refused
    assert why_not_listen(host, has_tokens=True, has_provider=False) is None
    assert why_not_listen(host, has_tokens=False, has_provider=True) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_portal_without_identities_may_use_loopback(host: str) -> None:
    assert why_not_listen(host, has_tokens=False, has_provider=False) is None


def test_created_token_works_in_a_running_portal(tmp_path: Path) -> None:
    path = tmp_path / "new" / "tokens.json"
    running = Authenticator(TokenFile(path).tokens, None, FakeClock(NOW))
    made = created(path, "ci", "--role", "operator")
    assert running(bearer(made["token"])) == Identity("ci", "operator")


def test_revoked_token_is_refused_by_a_running_portal(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    kept, revoked = (created(path, name, "--role", "requester") for name in ("kept", "revoked"))
    running = Authenticator(TokenFile(path).tokens, None, FakeClock(NOW))
    assert running(bearer(revoked["token"])) == Identity("revoked", "requester")
    assert run("revoke", revoked["id"], path=path).exit_code == 0
    assert running(bearer(revoked["token"])) == refusals.UNKNOWN
    assert running(bearer(kept["token"])) == Identity("kept", "requester")


def test_revoking_a_name_revokes_all_its_tokens(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    for _ in range(2):
        created(path, "ci", "--role", "requester")
    assert run("revoke", "ci", path=path).stderr == "2 tokens revoked.\n"
    assert token_file.read(path) == ()


def test_unknown_token_cannot_be_revoked(tmp_path: Path) -> None:
    result = run("revoke", "x", path=tmp_path / "tokens.json")
    assert (result.exit_code, "`express-sync portal token list` shows them" in result.stderr) == (2, True)


def test_text_of_a_token_is_nowhere_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    text = created(path, "ci", "--role", "requester")["token"]
    assert len(text) >= 43
    assert text not in path.read_text()
    assert text.removeprefix("esp_") not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_list_shows_tokens_without_their_texts(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    made = created(path, "ci", "--role", "requester", "--days", "2")
    shown = run("list", "--json", path=path).stdout
    expected = {key: value for key, value in made.items() if key != "token"}
    assert json.loads(shown) == expected
    table = run("list", path=path)
    assert made["id"] in table.stdout
    assert made["token"] not in shown + table.stdout
    assert table.stderr == f"1 token in {path}.\n"


@pytest.mark.parametrize("name", ["", "-x", "a b", "x" * 65, "a\n", "相册"])
def test_invalid_name_of_a_token_is_explained(tmp_path: Path, name: str) -> None:
    result = CliRunner().invoke(command, ["create", "--role", "operator", "--file", str(tmp_path / "t"), "--", name])
    assert (result.exit_code, "choose another." in result.stderr) == (2, True)


def test_tokens_created_at_once_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"

    def add(number: int) -> None:
        made, _ = create(f"n{number}", "requester", NOW, 60)
        token_file.change(path, lambda known: (*known, made))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(16)))
    assert len(token_file.read(path)) == 16


VALID = LIN.document()


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"tokens": {}},
        {"tokens": [1]},
        {"tokens": [{**VALID, "role": "admin"}]},
        {"tokens": [{**VALID, "name": "a\n"}]},
        {"tokens": [{**VALID, "digest": TEXT}]},
        {"tokens": [{**VALID, "expires_at": "never"}]},
        {"tokens": [{**VALID, "expires_at": True}]},
        {"tokens": [{**VALID, "more": 1}]},
        {"tokens": [{key: value for key, value in VALID.items() if key != "role"}]},
    ],
)
def test_invalid_token_file_is_refused(document: object) -> None:
    with pytest.raises(InvalidTokenFileError) as error:
        parse(document)
    assert TEXT not in str(error.value)


def test_token_file_is_read_back() -> None:
    assert parse({"tokens": [VALID]}) == (LIN,)


def rewrite(path: Path, content: bytes) -> None:
    """Replace a file as an editor does, so that its inode changes."""
    draft = path.with_suffix(".draft")
    draft.write_bytes(content)
    draft.replace(path)


@pytest.mark.parametrize(
    "content", [b"{", b"\xff", b"[" * 100_000, b'{"tokens": 1}', b" " * (token_file.MAX_BYTES + 1)]
)
def test_damaged_token_file_lets_nobody_in(tmp_path: Path, content: bytes) -> None:
    """The portal goes on, and accepts tokens again once the file is correct."""
    path = tmp_path / "tokens.json"
    made = created(path, "ci", "--role", "operator")
    good = path.read_bytes()
    running = Authenticator(TokenFile(path).tokens, None, FakeClock(NOW))
    assert running(bearer(made["token"])) == Identity("ci", "operator")
    rewrite(path, content)
    assert running(bearer(made["token"])) == refusals.UNKNOWN
    rewrite(path, good)
    assert running(bearer(made["token"])) == Identity("ci", "operator")
    path.unlink()
    assert running(bearer(made["token"])) == refusals.UNKNOWN


@pytest.mark.parametrize("arguments", [("list",), ("create", "ci", "--role", "operator"), ("revoke", "ci")])
def test_damaged_token_file_is_explained(tmp_path: Path, arguments: Sequence[str]) -> None:
    path = tmp_path / "tokens.json"
    path.write_text("{")
    result = run(*arguments, path=path)
    assert (result.exit_code, result.stderr.endswith("a token file is a JSON object in UTF-8; correct it.\n")) == (
        2,
        True,
    )
    assert path.read_text() == "{"


def test_unwritable_place_is_explained(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    result = run("create", "ci", "--role", "operator", path=blocked / "tokens.json")
    assert (result.exit_code, "choose another --file." in result.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == [blocked]
