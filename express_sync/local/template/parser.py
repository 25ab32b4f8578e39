"""Parses the text of a ROS template: YAML with short tags, which become the long form of each function.

Reproduces: the tags of the help page on the structure of templates. Does not reproduce: templates in JSON beyond what
is also YAML.
"""

from typing import Any

import yaml

from express_sync.local.template.structure import faults


class TemplateError(ValueError):
    """The template cannot be run here; the message names the resource and the property."""


def parse(text: str) -> dict[str, Any]:
    """Return the template's document with every short tag (`!Sub x`) in its long form (`{"Fn::Sub": x}`).

    `!GetAtt A.B.C` names the attribute `C` of `A.B`: ROS splits the short form at its last dot. TemplateError if
    the text is not YAML, has no Resources or another structure than a template.
    """
    try:
        document = _document(text)
    except RecursionError as error:
        raise TemplateError("the template is nested too deeply") from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date or a number that Python cannot represent
        raise TemplateError(f"the template is not YAML: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
        raise TemplateError("the template has no Resources")
    if fault := next(faults(document), None):
        raise TemplateError(fault)
    return document


def _document(text: str) -> Any:
    loader = _Loader(text)  # reads the first characters and can fail
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


class _Loader(yaml.SafeLoader):
    """YAML's safe subset and the short tags of ROS; a duplicate key in a map is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return the map as the safe subset does, unless it has a duplicate key."""
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value} is duplicated", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _long_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value = _untagged(loader, node)
    if suffix in {"Ref", "Condition"}:
        return {suffix: value}
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.rsplit(".", 1)
    return {f"Fn::{suffix}": value}


def _untagged(loader: _Loader, node: Any) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)


_Loader.add_multi_constructor("!", _long_form)
