"""Builds `ros_spec.json` out of the ROS CDK's wheels, for the types that the template uses: see `make spec`."""

import json
from pathlib import Path

import click

from express_sync.local.template.parser import parse
from express_sync.ops.template_check.specification import SPECIFICATION
from express_sync.ops.template_check.wheels import Json, read_wheel
from express_sync.ops.terminal.errors import CliError

TEMPLATE = Path(__file__).resolve().parents[3] / "template.yml"


def specification_of(template: str, wheels: tuple[Path, ...]) -> dict[str, Json]:
    """The specification of every type in a template's text; CliError names those that are in no wheel."""
    there = {name: of for wheel in wheels for name, of in read_wheel(wheel).items()}
    used = sorted({resource["Type"] for resource in parse(template)["Resources"].values()})
    if missing := [name for name in used if name not in there]:
        raise CliError(
            f"No wheel has {', '.join(missing)}; add its ros-cdk package to ROS_CDK_PACKAGES in the Makefile."
        )
    return {name: there[name] for name in used}


@click.command()
@click.argument("wheels", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def build(wheels: tuple[Path, ...]) -> None:
    """Write the specification of the template's types, as WHEELS have it."""
    found = specification_of(TEMPLATE.read_text(encoding="utf-8"), wheels)
    SPECIFICATION.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    click.echo(f"{SPECIFICATION.name}: {len(found)} resource types from {len(wheels)} wheels.")


if __name__ == "__main__":
    build()
