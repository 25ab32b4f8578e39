"""What a template says of the function that is packaged, and what is said of a template that says nothing.

Must not know how anything is packaged.
"""

from pathlib import Path

import yaml

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.template.deployment import read_template
from express_sync.local.template.parser import TemplateError
from express_sync.ops.terminal.errors import CliError
from express_sync.ops.terminal.output import printable


def declared_runtime(template: Path) -> str:
    """The runtime that the template's function runs on. CliError if that cannot be told."""
    try:
        return read_template(template, LOCAL_ACCOUNT, {}).function.runtime
    except (OSError, UnicodeDecodeError) as error:
        raise CliError(f"{template} cannot be read; name a template.") from error
    except TemplateError as error:
        raise CliError(
            f"{template} cannot be packaged: {fault(error)}; correct it, or name another --template."
        ) from error


def fault(error: TemplateError) -> str:
    """What is wrong with a template, in one line; YAML's own text draws the place over several."""
    cause = error.__cause__
    if isinstance(cause, yaml.MarkedYAMLError) and cause.problem_mark is not None:
        return printable(f"the template is not YAML: {cause.problem} in line {cause.problem_mark.line + 1}")
    return printable(" ".join(str(error).split()))
