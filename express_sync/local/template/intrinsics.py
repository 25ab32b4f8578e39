"""The functions of the ROS template language, as a table.

Reproduces `Ref`, `Fn::Sub`, `Fn::GetAtt`, `Fn::Join`, `Fn::If` and the condition functions Equals, Not, And and Or.
Does not reproduce the others: using one is an error.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from express_sync.local.template.parser import TemplateError


class Scope(Protocol):
    """Resolves the names in a template; every method raises TemplateError, which names `where`."""

    def resolve(self, value: Any, where: str) -> Any:
        """Return `value` with every function in it evaluated."""

    def condition(self, name: str, where: str) -> bool:
        """Tell whether the named condition is true."""

    def reference(self, name: str, where: str) -> Any:
        """Return the value of a pseudo parameter or parameter, or a resource's physical name."""

    def attribute(self, resource: str, attribute: str, where: str) -> str:
        """Return the value of a resource's attribute."""


_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]+)\}")


def _sub(scope: Scope, argument: Any, where: str) -> str:
    text, local = (argument, {}) if isinstance(argument, str) else argument

    def fill(match: re.Match[str]) -> str:
        literal, name = match.groups()
        if literal:
            return f"${{{name}}}"
        if name in local:
            return str(scope.resolve(local[name], where))
        resource, dot, attribute = name.partition(".")
        return str(scope.attribute(resource, attribute, where) if dot else scope.reference(name, where))

    return _PLACEHOLDER.sub(fill, text)


def _get_att(scope: Scope, argument: Any, where: str) -> str:
    resource, attribute = argument
    return scope.attribute(resource, attribute, where)


def _join(scope: Scope, argument: Any, where: str) -> str:
    separator, items = argument
    return str(separator).join(str(item) for item in scope.resolve(items, where))


def _if(scope: Scope, argument: Any, where: str) -> Any:
    condition, then, otherwise = argument
    return scope.resolve(then if scope.condition(condition, where) else otherwise, where)


def _equals(scope: Scope, argument: Any, where: str) -> bool:
    left, right = argument
    return bool(scope.resolve(left, where) == scope.resolve(right, where))


def _truth(scope: Scope, argument: Any, where: str) -> bool:
    if isinstance(argument, dict) and set(argument) == {"Condition"}:
        argument = argument["Condition"]
    if isinstance(argument, str):
        return scope.condition(argument, where)
    return bool(scope.resolve(argument, where))


def _not(scope: Scope, argument: Any, where: str) -> bool:
    [operand] = argument if isinstance(argument, list) else [argument]
    return not _truth(scope, operand, where)


def _and(scope: Scope, argument: Any, where: str) -> bool:
    return all(_truth(scope, item, where) for item in argument)


def _or(scope: Scope, argument: Any, where: str) -> bool:
    return any(_truth(scope, item, where) for item in argument)


def _ref(scope: Scope, argument: Any, where: str) -> Any:
    return scope.reference(str(argument), where)


_FUNCTIONS: Mapping[str, Callable[[Scope, Any, str], Any]] = {
    "Ref": _ref,
    "Fn::Sub": _sub,
    "Fn::GetAtt": _get_att,
    "Fn::Join": _join,
    "Fn::If": _if,
    "Fn::Equals": _equals,
    "Fn::Not": _not,
    "Fn::And": _and,
    "Fn::Or": _or,
}


def is_call(value: Any) -> bool:
    """Tell whether `value` is a function with its argument and not a plain map."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    name = str(next(iter(value)))
    return name == "Ref" or name.startswith("Fn::")


def call(scope: Scope, value: Mapping[str, Any], where: str) -> Any:
    """Return the result of the function call `value`. TemplateError if function or argument are invalid."""
    [(name, argument)] = value.items()
    if name not in _FUNCTIONS:
        raise TemplateError(f"{where}: {name} is not known to the local cloud")
    try:
        return _FUNCTIONS[name](scope, argument, where)
    except TemplateError:
        raise
    except (TypeError, ValueError) as error:
        raise TemplateError(f"{where}: {name} cannot take {argument!r}") from error
