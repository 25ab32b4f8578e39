"""Checks a whole template, in the order of the template."""

from collections.abc import Mapping
from typing import Any

from express_sync.ops.template_check.finding import Finding
from express_sync.ops.template_check.parameters import check_parameters
from express_sync.ops.template_check.schema_check import check_plain
from express_sync.ops.template_check.scope import Scope
from express_sync.ops.template_check.specification import TEMPLATE_SCHEMA, specification
from express_sync.ops.template_check.structure import check_structure

MAX_BYTES = 524288  # of TemplateBody, in the reference of ROS's CreateStack


def check(text: str, document: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Return every fault of a template once; `document` is what its text contains."""
    if (size := len(text.encode())) > MAX_BYTES:
        return (Finding("Template", f"has {size} bytes; ROS accepts {MAX_BYTES}"),)
    return check_document(document)


def check_document(document: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Return every fault of a parsed template, with every short tag in its long form."""
    scope = Scope(document, specification())
    shape = list(check_plain(document, TEMPLATE_SCHEMA, ""))
    return tuple(dict.fromkeys((*shape, *check_parameters(scope, shape), *check_structure(scope))))
