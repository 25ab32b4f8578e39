"""`express-sync portal token`: creates, lists and revokes the portal's tokens."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path

import click

from express_sync.ops import system
from express_sync.ops.commands.options import dry_run_option
from express_sync.ops.targets.places import home
from express_sync.ops.terminal import output
from express_sync.ops.terminal.columns import Column, Rows
from express_sync.ops.terminal.errors import CliError
from express_sync.portal.identity import token_file
from express_sync.portal.identity.token_file import DEFAULT_TOKEN_FILE
from express_sync.portal.identity.tokens import NAME, ROLES, InvalidTokenFileError, Token, create

_DAY_SECONDS = 86_400
_COLUMNS = (
    Column("id", 12, 12, 12),
    Column("name", 24, 16, 16),
    Column("role", 9, 9, 9),
    Column("created", 20, 0, 0),
    Column("expires", 20, 20, 0),
)
_file = click.option(
    "--file",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"The token file  [default: ~/{DEFAULT_TOKEN_FILE}]",
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each token.")


@click.group()
def token() -> None:
    """Create, list and revoke the bearer tokens of the portal.

    The file contains digests only, from which a token cannot be read. A running portal notices each change at once.

    \b
    Exit codes:
      0    done
      2    not possible; one sentence says why
      130  interrupted
    """


@token.command("create", short_help="Create a token and print it once.")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True, help="requester: own requests; operator: everything.")
@click.option("--days", type=click.IntRange(1, 3650), default=365, show_default=True, help="Days until it expires.")
@dry_run_option
@_as_json
@_file
def create_token(*, name: str, role: str, days: int, path: Path | None, dry_run: bool, as_json: bool) -> None:
    """Create a token for NAME, which becomes the requester of its requests, and print it.

    The token cannot be shown again. Several tokens may have the same name, so that one can replace another.

    \b
    Examples:
      express-sync portal token create ci --role requester --days 90
      express-sync portal token create lin.wei --role operator
    """
    if not NAME.fullmatch(name):
        raise CliError("A name has 1 to 64 letters, digits, dots, hyphens, underscores or @; choose another.")
    if dry_run:
        with _explained(_path(path)) as place:
            _known(place)
        output.notice(f"A token of {name} ({role}) would be written to {place}. Nothing was changed.")
        return
    made, text = create(name, "operator" if role == "operator" else "requester", system.epoch(), days * _DAY_SECONDS)
    _change(path, lambda known: (*known, made))
    if as_json:
        output.json_line({**_document(made), "token": text})
        return
    output.print_line(text)
    output.info(f"Token {made.id} of {name} ({role}) expires on {_time(made.expires_at)}; it is not shown again.")


@token.command("list", short_help="List the tokens.")
@_as_json
@_file
def list_tokens(*, path: Path | None, as_json: bool) -> None:
    """List the tokens by id, name and role; their texts are not kept.

    \b
    Examples:
      express-sync portal token list
      express-sync portal token list --json | jq -r .name
    """
    with _explained(_path(path)) as place:
        known = _known(place)
    if as_json:
        for each in known:
            output.json_line(_document(each))
        return
    rows = Rows(_COLUMNS)
    for each in known:
        rows.add(each.id, each.name, each.role, _time(each.created_at), _expiry(each))
    output.notice(f"{output.counted(len(known), 'token')} in {place}.")


@token.command("revoke", short_help="Revoke a token, or all tokens of a name.")
@click.argument("token_id", metavar="ID|NAME")
@dry_run_option
@_as_json
@_file
def revoke_token(*, token_id: str, path: Path | None, dry_run: bool, as_json: bool) -> None:
    """Revoke the token with this id, or all tokens with this name; a running portal refuses them at once.

    \b
    Examples:
      express-sync portal token revoke ci
    """
    revoked: list[Token] = []

    def without(known: Sequence[Token]) -> Sequence[Token]:
        revoked.extend(each for each in known if token_id in {each.id, each.name})
        return [each for each in known if each not in revoked]

    if dry_run:
        with _explained(_path(path)) as place:
            without(_known(place))
    else:
        _change(path, without)
    if not revoked:
        raise CliError(f"No token has the id or name {token_id!r}; `express-sync portal token list` shows them.")
    if as_json:
        for each in revoked:
            output.json_line(_document(each))
    done = "would be revoked. Nothing was changed" if dry_run else "revoked"
    output.notice(f"{output.counted(len(revoked), 'token')} {done}.")


def _known(place: Path) -> Sequence[Token]:
    return token_file.read(place) if place.exists() else ()


def _change(path: Path | None, change: Callable[[Sequence[Token]], Sequence[Token]]) -> None:
    with _explained(_path(path)) as place:
        token_file.change(place, change)


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[Path]:
    """Give the path of the token file; report a file that cannot be used as a CliError."""
    try:
        yield path
    except InvalidTokenFileError as error:
        raise CliError(f"{path}: {error}; correct it.") from None
    except OSError as error:
        raise CliError(f"{path}: {error.strerror}; choose another --file.") from None


def _path(path: Path | None) -> Path:
    if path is not None:
        return path
    base = home(system.environment)
    if base is None:
        raise CliError("This user has no home directory for the token file; name one with --file.")
    return base / DEFAULT_TOKEN_FILE


def _document(token_: Token) -> dict[str, object]:
    """Return a token as --json prints it."""
    times = {"createdAt": _time(token_.created_at), "expiresAt": _time(token_.expires_at)}
    return {"id": token_.id, "name": token_.name, "role": token_.role, **times}


def _expiry(token_: Token) -> str:
    return "expired" if token_.expires_at <= system.epoch() else _time(token_.expires_at)


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
