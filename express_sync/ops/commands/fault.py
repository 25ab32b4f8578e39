"""`express-sync fault`: queues faults for the next calls of a local cloud, lists them, and clears them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import click
from click.core import ParameterSource

from express_sync.local.admin_request import AdminRequestError
from express_sync.local.faults import Kinds, parse
from express_sync.local.mns.faults import KINDS as SMQ_KINDS
from express_sync.local.mns.faults import OPERATIONS as SMQ_OPERATIONS
from express_sync.local.sgw.faults import KINDS as GATEWAY_KINDS
from express_sync.ops.commands.local_options import call, on_local_cloud
from express_sync.ops.commands.options import dry_run_option
from express_sync.ops.replay.options import age
from express_sync.ops.targets.target import Target
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import CliError
from express_sync.ops.terminal.printable import printable
from express_sync.ops.terminal.suggestions import closest

SERVICES = ("sgw", "mns")
_SUBCOMMANDS = ("list", "clear")
_KINDS: Mapping[str, Kinds[Any]] = {"sgw": GATEWAY_KINDS, "mns": SMQ_KINDS}
_GATEWAY_OPERATIONS = ("CreateExpressSync", "DescribeExpressSyncs", "DescribeSharesBucketInfoForExpressSync")
_OPERATIONS = (*_GATEWAY_OPERATIONS, *SMQ_OPERATIONS)


def _operation(_context: click.Context, _option: click.Parameter, name: str) -> str:
    """Return the name of an operation, or fail with a usage error that names what was probably meant."""
    if name in _OPERATIONS:
        return name
    if similar := closest(name, _OPERATIONS):
        raise click.BadParameter(f"{name!r} is not an operation; did you mean {similar}?")
    raise click.BadParameter(f"{name!r} is not an operation; name one of {', '.join(_OPERATIONS)}.")


def _duration(text: str) -> timedelta:
    """Return how long calls fail, or fail with a usage error."""
    found = age(text)
    if not found:
        raise click.BadParameter(f"{text!r} is over at once; write 90s, 15m, 2h or 7d.")
    return found


@click.command()
@click.argument("faults", nargs=-1, required=True, metavar="FAULT...|list|clear")
@click.option(
    "--operation",
    default=_GATEWAY_OPERATIONS[0],
    show_default=True,
    callback=_operation,
    help="The operation whose calls fail.",
)
@click.option("--name", default="*", metavar="PATTERN", help="Only calls for groups, queues or topics with such names.")
@click.option("--count", type=click.IntRange(1, 10_000), help="Repeat the faults so often; default: once.")
@click.option(
    "--for", "duration", type=_duration, metavar="TIME", help="End after 90s, 15m, 2h or 7d; every call fails."
)
@dry_run_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON: each rule, or what was queued.")
@on_local_cloud
def fault(
    target: Target,
    *,
    faults: tuple[str, ...],
    operation: str,
    name: str,
    count: int | None,
    duration: timedelta | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Let the next calls of a local cloud fail: each FAULT applies to one call, in this order.

    A FAULT is an error code of the service, such as InternalError or RoleNotExist, or a deviation such as reset-before,
    reset-after, timeout-after, late-commit:SECONDS or slow:MILLISECONDS; an unknown one lists them. `fault list` shows
    the faults that are left, `fault clear` removes them.

    \b
    Examples:
      express-sync fault InternalError reset-after
      express-sync fault InternalError --name 'g-*' --count 3 --for 60s
      express-sync fault AssumeRoleFail --for 15m
      express-sync fault QpsLimitExceeded --operation PublishMessage
      express-sync fault list
      express-sync fault clear

    \b
    Exit codes:
      0    done
      2    not possible; one sentence says why
    """
    if len(faults) == 1 and faults[0] in _SUBCOMMANDS:
        _refuse_options_of_a_rule(faults[0])
    match faults:
        case ("list",):
            _list(target, as_json=as_json)
        case ("clear",):
            _clear(target, dry_run=dry_run)
        case _:
            _queue(target, _document(faults, operation, name, count, duration), dry_run=dry_run, as_json=as_json)


def _refuse_options_of_a_rule(subcommand: str) -> None:
    """Refuse options that `fault list` and `fault clear` would ignore, so that they are not taken for a filter."""
    context = click.get_current_context()
    for name in ("operation", "name", "count", "duration"):
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            option = {"duration": "for"}.get(name, name)
            raise CliError(f"`fault {subcommand}` acts on all faults and takes no --{option}; omit it.")


def _document(
    faults: tuple[str, ...], operation: str, name: str, count: int | None, duration: timedelta | None
) -> dict[str, object]:
    """Return the rule to queue. CliError if one is not a fault."""
    kinds = _KINDS[_service_of(operation)]
    for each in faults:
        _check(each, kinds)
    options = {"count": count, "seconds": duration.total_seconds() if duration else None}
    given = {key: value for key, value in options.items() if value is not None}
    return {"operation": operation, "name": name, "faults": list(faults), **given}


def _check(text: str, kinds: Kinds[Any]) -> None:
    try:
        parse(kinds, text)
    except AdminRequestError:
        raise CliError(_not_a_fault(text, kinds)) from None


def _not_a_fault(text: str, kinds: Kinds[Any]) -> str:
    """Return what is wrong with a fault, and what was probably meant."""
    name = text.partition(":")[0]
    if name in kinds:
        unit = kinds[name].unit
        return f"{name} takes {f'a number: {name}:{unit}' if unit else 'no number; omit it'}."
    if text in _SUBCOMMANDS:
        return f"`fault {text}` takes no other argument; omit the rest."
    if similar := closest(name, kinds):
        return f"{text!r} is not a fault; did you mean {similar}? Correct it."
    deviations = ", ".join(kind for kind in kinds if kind[0].islower() and ":" not in kind)
    return f"{text!r} is not a fault; name an error code of the service, such as InternalError, or one of {deviations}."


def _service_of(operation: str) -> str:
    return "sgw" if operation in _GATEWAY_OPERATIONS else "mns"


def _queue(target: Target, document: dict[str, object], *, dry_run: bool, as_json: bool) -> None:
    operation = str(document["operation"])
    if dry_run:
        output.notice(f"The faults would be queued for {operation}. Nothing was changed.")
        return
    queued = call(target, _service_of(operation), "POST", "faults", document)["queued"]
    if as_json:
        output.json_line({**document, "queued": queued})
    else:
        output.notice(f"{output.counted(queued, 'fault')} queued for {operation}; see `express-sync fault list`.")


def _list(target: Target, *, as_json: bool) -> None:
    rules = [
        {"service": service, **rule}
        for service in SERVICES
        if service in target.profile
        for rule in call(target, service, "GET", "faults")
    ]
    for rule in rules:
        if as_json:
            output.json_line(rule)
        else:
            ending = f", ends in {rule['secondsLeft']:.0f} s" if "secondsLeft" in rule else ""
            text = f"{rule['operation']} {rule['name']}: {' '.join(rule['faults'])}; {rule['left']} left{ending}"
            output.print_line(printable(text))
    output.notice(f"{output.counted(len(rules), 'rule')} with faults left.")


def _clear(target: Target, *, dry_run: bool) -> None:
    if dry_run:
        output.notice("All faults would be removed. Nothing was changed.")
        return
    for service in SERVICES:
        if service in target.profile:
            call(target, service, "DELETE", "faults", {})
    output.notice("All faults are removed.")
