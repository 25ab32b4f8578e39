"""The whole check of a template's text, in the order of the template. Pure but for reading the specification."""

from collections.abc import Mapping

from local.template.source import TemplateError, parse
from ops.template_check.finding import Finding
from ops.template_check.parameters import check_parameters
from ops.template_check.scope import Scope
from ops.template_check.specification import ResourceType, specification
from ops.template_check.structure import check_structure

MOST_BYTES = 524288  # of TemplateBody, in the reference of ROS's CreateStack


def check(text: str, types: Mapping[str, ResourceType] | None = None) -> tuple[Finding, ...]:
    """Everything that is wrong with a template, each fault once; `types` are the specification's if not given."""
    try:
        document = parse(text)
    except TemplateError as error:
        return (Finding("Template", f"cannot be read: {error}"),)
    scope = Scope(document, specification() if types is None else types)
    found = [*_size(text), *check_parameters(scope), *check_structure(scope)]
    return tuple(dict.fromkeys(found))


def _size(text: str) -> list[Finding]:
    size = len(text.encode())
    return [Finding("Template", f"has {size} bytes; ROS takes {MOST_BYTES}")] if size > MOST_BYTES else []
