"""Writes known_operations.json, the operations that the real services have; run by `make operations`.

They are read from the clients that Alibaba Cloud publishes, as source code that is not run: the calls with an `action`
of the generated clients, the paths of aliyun-fc2, the request classes of aliyun-mns-sdk. Other shapes raise ValueError.
The control plane of MNS and SMQProxy are read from their wheels; the other clients are dependencies of this repository.
"""

import ast
import importlib.metadata
import importlib.util
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from express_sync.local.known_operations import TABLES

Json = dict[str, Any]


def generated_client(source: str) -> Json:
    """Return version and operations of a generated client: method and path by name, the path with {} for variables."""
    found: dict[str, list[str]] = {}
    versions = set()
    for call in _calls(source):
        constants = {each.arg: _text(each.value) for each in call.keywords if each.arg}
        if "action" in constants and "pathname" in constants:
            found[constants["action"]] = [constants["method"], constants["pathname"]]
            versions.add(constants["version"])
    [version] = versions
    return {"version": version, "operations": dict(sorted(found.items()))}


def fc2_client(source: str) -> Json:
    """Return version and operations of aliyun-fc2: each method that formats a path and sends an HTTP method."""
    found: dict[str, list[str]] = {}
    for function in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)):
        texts = [node.value for node in ast.walk(function) if isinstance(node, ast.Constant)]
        path = next((text for text in texts if str(text).startswith("/{0}/")), None)
        method = next((text for text in texts if text in ("GET", "POST", "PUT", "DELETE")), None)
        if path and method and not function.name.startswith("do_"):
            name = "".join(part.capitalize() for part in function.name.split("_"))
            found[name] = [str(method), re.sub(r"{\d+}", "{}", str(path).replace("{0}", "2016-08-15", 1))]
    return {"version": "2016-08-15", "operations": dict(sorted(found.items()))}


def mns_requests(source: str) -> Json:
    """Return version and operations of aliyun-mns-sdk: the request classes, without methods and paths."""
    names = re.findall(r"^class (\w+)Request\((?!object)\w+\):", source, re.MULTILINE)
    return {"version": "2015-06-06", "operations": {name: [] for name in sorted(names)}}


INSTALLED: Mapping[str, tuple[str, str, Callable[[str], Json]]] = {
    "sgw": ("alibabacloud-sgw20180511", "alibabacloud_sgw20180511.client", generated_client),
    "fc": ("alibabacloud-fc20230330", "alibabacloud_fc20230330.client", generated_client),
    "fc2": ("aliyun-fc2", "fc2.client", fc2_client),
    "mns": ("aliyun-mns-sdk", "mns.mns_request", mns_requests),
}

WHEELS: Mapping[str, str] = {
    "alibabacloud_mns_open20220119": "mns-open",
    "alibabacloud_smqproxy20260409": "smq-proxy",
}


def installed_tables() -> dict[str, Json]:
    """Return the tables of the clients that are installed."""
    return {
        name: {"source": f"{package} {importlib.metadata.version(package)}", **read(_source(module))}
        for name, (package, module, read) in INSTALLED.items()
    }


def wheel_tables(wheels: Sequence[Path]) -> dict[str, Json]:
    """Return the tables of the wheels. ValueError unless they are those of WHEELS."""
    tables = dict(map(_wheel_table, wheels))
    if tables.keys() != set(WHEELS.values()):
        raise ValueError(f"the wheels must be those of {', '.join(WHEELS)}")
    return tables


def _wheel_table(wheel: Path) -> tuple[str, Json]:
    name, version = wheel.name.split("-")[:2]
    with zipfile.ZipFile(wheel) as opened:
        source = opened.read(f"{name}/client.py").decode()
    return WHEELS.get(name, name), {"source": f"{name.replace('_', '-')} {version}", **generated_client(source)}


def _source(module: str) -> str:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ValueError(f"{module} is not installed")
    return Path(spec.origin).read_text(encoding="utf-8")


def _calls(source: str) -> Iterator[ast.Call]:
    return (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) for part in node.values)
    return str(node.value) if isinstance(node, ast.Constant) else "{}"


@click.command()
@click.argument("wheels", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; fail if the tables are not current.")
def main(wheels: tuple[Path, ...], *, check: bool) -> None:
    """Write the tables of the installed clients, and those of the WHEELS of the control plane and of SMQProxy."""
    tables = {**installed_tables(), **wheel_tables(wheels)}
    text = json.dumps(tables, indent=1, sort_keys=True) + "\n"
    if not check:
        TABLES.write_text(text, encoding="utf-8")
    elif TABLES.read_text(encoding="utf-8") != text:
        raise click.ClickException(f"{TABLES.name} is not current; run `make operations`.")
    click.echo(f"{TABLES.name}: {sum(len(each['operations']) for each in tables.values())} operations.")


if __name__ == "__main__":
    main()
