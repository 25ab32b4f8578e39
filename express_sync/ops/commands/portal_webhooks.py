"""`express-sync portal webhooks`: shows the deliveries that no endpoint has accepted, and sends ended ones again."""

import contextlib
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import SQLAlchemyError

from express_sync.ops.commands.options import dry_run_option
from express_sync.ops.commands.portal_errors import unusable
from express_sync.ops.terminal import output
from express_sync.ops.terminal.columns import Column, Rows
from express_sync.ops.terminal.errors import CliError
from express_sync.ops.terminal.printable import printable
from express_sync.portal.clock import now_ms
from express_sync.portal.store.database import Database, DatabaseUrlError, database_url
from express_sync.portal.webhooks import outbox

_COLUMNS = (
    Column("endpoint", 20, 14, 14),
    Column("request", 24, 16, 15),
    Column("state", 9, 9, 9),
    Column("tries", 5, 5, 0, is_number=True),
    Column("last result", 22, 0, 0),
    Column("next attempt", 20, 20, 0),
)
_database = click.option(
    "--database", required=True, envvar="EXPRESS_SYNC_PORTAL_DATABASE", metavar="URL", help="The portal's database."
)


@click.group()
def webhooks() -> None:
    """Show the webhook deliveries that no endpoint has accepted yet, and send ended ones again.

    \b
    Exit codes:
      0    done
      2    not possible; one sentence says why
      130  interrupted
    """


@webhooks.command("list", short_help="List the deliveries that are not accepted.")
@click.option("--endpoint", help="Only those to the endpoint with this name.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each delivery.")
@_database
def list_deliveries(*, database: str, endpoint: str | None, as_json: bool) -> None:
    """List the deliveries that are pending or exhausted, oldest first, 1,000 at most.

    \b
    Examples:
      express-sync portal webhooks list --database sqlite:///portal.sqlite3
      express-sync portal webhooks list --endpoint tickets --json
    """
    with _opened(database) as store, store.reading() as connection:
        found = [_document(row) for row in outbox.listed(connection, endpoint)]
    if as_json:
        for each in found:
            output.json_line(each)
        return
    rows = Rows(_COLUMNS)
    for each in found:
        rows.add(*(printable(str(value or "")) for value in list(each.values())[1:]))
    output.notice(f"{output.counted(len(found), 'delivery')} not accepted.")


@webhooks.command("retry", short_help="Send the ended deliveries of an endpoint again.")
@click.argument("endpoint")
@dry_run_option
@click.option("--json", "as_json", is_flag=True, help="Print the endpoint and the number as one JSON object.")
@_database
def retry_deliveries(*, database: str, endpoint: str, dry_run: bool, as_json: bool) -> None:
    """Make the exhausted deliveries to ENDPOINT due now, and enable it if it answered 410.

    \b
    Examples:
      express-sync portal webhooks retry tickets --database sqlite:///portal.sqlite3
    """
    if dry_run:
        with _opened(database) as store, store.reading() as connection:
            count = outbox.counts(connection).get((endpoint, outbox.EXHAUSTED), 0)
        output.notice(f"{output.counted(count, 'delivery')} would be sent again. Nothing was changed.")
        return
    with _opened(database) as store, store.writing() as connection:
        count = outbox.retry(connection, endpoint, now_ms())
    if as_json:
        output.json_line({"endpoint": endpoint, "retried": count})
    output.notice(f"{output.counted(count, 'delivery')} will be sent again.")


@contextlib.contextmanager
def _opened(url: str) -> Iterator[Database]:
    """Give the database of a portal. CliError if it cannot be used."""
    try:
        place = database_url(url)
        if place.get_backend_name() == "sqlite" and not Path(str(place.database)).exists():
            raise CliError(f"The database {place.database} does not exist; correct --database.")
        store = Database(place)
    except DatabaseUrlError as error:
        raise CliError(f"--database: {error}; correct it.") from None
    try:
        yield store
    except SQLAlchemyError as error:
        raise unusable(error, "check --database") from None
    finally:
        store.close()


def _document(row: Any) -> dict[str, object]:
    due = datetime.fromtimestamp(row["due_at"] / 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "webhookId": row["webhook_id"],
        "endpoint": row["endpoint"],
        "requestId": row["request_id"],
        "state": row["state"],
        "tries": row["tries"],
        "code": row["code"],
        "nextAttemptAt": due if row["state"] == "pending" else None,
    }
