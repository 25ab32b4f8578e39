"""The whole check of a template, in the order of the template. Pure but for reading the specification."""

from collections.abc import Mapping
from typing import Any

from express_sync.local.template.parser import TemplateError, parse
from express_sync.ops.template_check.finding import Finding
from express_sync.ops.template_check.parameters import check_parameters
from express_sync.ops.template_check.scope import Scope
from express_sync.ops.template_check.specification import specification
from express_sync.ops.template_check.structure import check_structure

MOST_BYTES = 524288  # of TemplateBody, in the reference of ROS's CreateStack


def check(text: str) -> tuple[Finding, ...]:
    """Everything that is wrong with a template's text, each fault once."""
    if (size := len(text.encode())) > MOST_BYTES:
        return (Finding("Template", f"has {size} bytes; ROS accepts {MOST_BYTES}"),)
    try:
        return check_document(parse(text))
    except TemplateError as error:
        return (Finding("Template", f"cannot be read: {error}"),)


def check_document(document: Mapping[str, Any]) -> tuple[Finding, ...]:
    """The same for a template that is read, every short tag in its long form."""
    scope = Scope(document, specification())
    return tuple(dict.fromkeys((*check_parameters(scope), *check_structure(scope))))
