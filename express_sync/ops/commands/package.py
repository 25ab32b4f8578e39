"""`express-sync package`: builds the function package."""

from pathlib import Path

import click

from express_sync.ops import system
from express_sync.ops.packaging.package import MAX_BYTES, Package, build
from express_sync.ops.packaging.progress import step_bar
from express_sync.ops.packaging.runtimes import RUNTIMES
from express_sync.ops.packaging.template import declared_runtime
from express_sync.ops.terminal import output
from express_sync.paths import TEMPLATE


@click.command()
@click.option("--runtime", type=click.Choice(list(RUNTIMES)), help="Build for this runtime; default: the template's.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("dist"), show_default=True, help="Directory to write to."
)
@click.option(
    "--template",
    type=click.Path(path_type=Path),
    default=TEMPLATE,
    help="Template with the function's sources beside it; default: that of this installation.",
)
@click.option("--python", help="Interpreter of the runtime's version to compile with; default: one that is found.")
@click.option("--no-bytecode", is_flag=True, help="Ship sources only: needs no such interpreter, starts slower.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: path, sha256, runtime, size in bytes.")
def package(
    runtime: str | None, out: Path, template: Path, python: str | None, *, no_bytecode: bool, as_json: bool
) -> None:
    """Build dist/function-SHA.zip: the function, its contracts and the locked libraries, compiled for its runtime.

    The same sources give the same bytes, whichever Python runs this command. The libraries are downloaded once, with
    pip, as locked in requirements/function.txt; later builds need no network.

    \b
    Examples:
      express-sync package
      express-sync package --runtime python3.12 --python ~/.pyenv/versions/3.12.1/bin/python
      express-sync package --json | jq -r .path

    \b
    Exit codes:
      0    built
      2    failed; the error message says why
      130  interrupted
    """
    declared = declared_runtime(template)
    target = runtime or declared
    if target != declared:
        output.info(f"The runtime of the template is {declared}; this package requires {target}.")
    with step_bar() as on_step:
        built = build(
            template, target, out, system.environment, python=python, with_bytecode=not no_bytecode, on_step=on_step
        )
    _show(built, as_json=as_json)


def _show(built: Package, *, as_json: bool) -> None:
    if as_json:
        output.json_line(
            {"path": str(built.path), "sha256": built.sha256, "runtime": built.runtime, "size": built.size}
        )
        return
    output.print_line(str(built.path))
    output.info(f"For {built.runtime}: {built.size:,} of at most {MAX_BYTES:,} bytes, SHA-256 {built.sha256}.")
