"""Reads the runtime of the function from a template."""

from pathlib import Path

import yaml

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.template.deployment import read_template
from express_sync.local.template.parser import TemplateError
from express_sync.ops.terminal.errors import CliError
from express_sync.ops.terminal.printable import printable


def declared_runtime(template: Path) -> str:
    """Return the runtime of the template's function. Raise CliError if the template has none."""
    try:
        return read_template(template, LOCAL_ACCOUNT, {}).function.runtime
    except OSError as error:
        raise CliError(f"{template} cannot be read; name a template.") from error
    except TemplateError as error:
        raise CliError(
            f"{template} cannot be packaged: {description(error)}; correct it, or name another --template."
        ) from error


def description(error: TemplateError) -> str:
    """Return the description of an error in one line; that of the YAML parser has several."""
    cause = error.__cause__
    if isinstance(cause, yaml.MarkedYAMLError) and cause.problem_mark is not None:
        return printable(f"the template is not YAML: {cause.problem} in line {cause.problem_mark.line + 1}")
    return printable(" ".join(str(error).split()))
