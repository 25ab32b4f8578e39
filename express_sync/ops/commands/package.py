"""`express-sync package`: the function as one archive, ready to be uploaded."""

from pathlib import Path

import click

from express_sync.local.cloud import TEMPLATE
from express_sync.ops.packaging.package import MOST_BYTES, Package, build
from express_sync.ops.packaging.progress import steps_shown
from express_sync.ops.packaging.runtimes import RUNTIMES
from express_sync.ops.packaging.template import declared_runtime
from express_sync.ops.terminal import output


@click.command(short_help="Build the function's package.")
@click.option("--runtime", type=click.Choice(list(RUNTIMES)), help="Build for it instead of the template's.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("dist"), show_default=True, help="The directory to write to."
)
@click.option(
    "--template",
    type=click.Path(path_type=Path),
    default=TEMPLATE,
    help="A template with the function's sources beside it; this checkout's is the default.",
)
@click.option("--python", help="The interpreter to compile with, of the runtime's version; else one is looked for.")
@click.option("--no-bytecode", is_flag=True, help="Ship sources only: needs no such interpreter, starts slower.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: path, sha256, runtime, size in bytes.")
def package(
    runtime: str | None, out: Path, template: Path, python: str | None, *, no_bytecode: bool, as_json: bool
) -> None:
    """Build dist/function-SHA.zip: the function, its contracts and the pinned libraries, compiled for its runtime.

    The same checkout gives the same bytes, whichever Python runs the tool. The libraries are fetched once, with pip, as
    pinned in requirements/function.txt; later builds need no network.

    \b
    Examples:
      express-sync package
      express-sync package --runtime python3.12 --python ~/.pyenv/versions/3.12.1/bin/python
      express-sync package --json | jq -r .path

    \b
    Exit codes:
      0    built
      2    not possible; one sentence says why
      130  interrupted
    """
    declared = declared_runtime(template)
    wanted = runtime or declared
    if wanted != declared:
        output.info(f"The template's function runs on {declared}; this package will run on {wanted} only.")
    with steps_shown() as told:
        built = build(template, wanted, out, python=python, with_bytecode=not no_bytecode, told=told)
    _show(built, as_json=as_json)


def _show(built: Package, *, as_json: bool) -> None:
    if as_json:
        output.json_line(
            {"path": str(built.path), "sha256": built.sha256, "runtime": built.runtime, "size": built.size}
        )
        return
    output.print_line(str(built.path))
    output.info(f"For {built.runtime}: {built.size:,} of at most {MOST_BYTES:,} bytes, SHA-256 {built.sha256}.")
