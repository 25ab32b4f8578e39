"""Reads the properties of one resource with their types; errors name the resource and the property.

Chosen: the wording of the errors, which are this tool's; ROS reports types in its own words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from express_sync.local.template.parser import TemplateError

T = TypeVar("T")
_REQUIRED: Any = object()


@dataclass(frozen=True, slots=True)
class Properties:
    """A map of resolved values and the path that leads to it. Every method raises TemplateError."""

    path: str
    values: Mapping[str, Any]

    def text(self, name: str, default: str = _REQUIRED) -> str:
        """Return a string."""
        value = self._value(name, default)
        if not isinstance(value, str):
            self._refuse(name, "is not a string")
        return value

    def number(self, name: str, default: int = _REQUIRED) -> int:
        """Return a whole number; it may be a string, as the values of parameters are."""
        value = self._value(name, default)
        try:
            return int(str(value))
        except ValueError:
            self._refuse(name, "is not a whole number")

    def boolean(self, name: str, *, default: bool) -> bool:
        """Return a boolean; it may be a string, as the values of parameters are."""
        text = str(self._value(name, default)).lower()
        if text not in {"true", "false"}:
            self._refuse(name, "is neither true nor false")
        return text == "true"

    def choice(self, name: str, allowed: Sequence[T], default: T = _REQUIRED) -> T:
        """Return one of the values that the local cloud can run."""
        value: T = self._value(name, default)
        if value not in allowed:
            self._refuse(name, f"is {value!r}; run locally: {' or '.join(map(repr, allowed))}")
        return value

    def map(self, name: str) -> "Properties":
        """Return a nested map, empty if absent."""
        value = self._value(name, {})
        if not isinstance(value, Mapping):
            self._refuse(name, "is not a map")
        return Properties(f"{self.path}.{name}", value)

    def absent(self, name: str) -> None:
        """Reject a property that is not reproduced and changes what is run."""
        if name in self.values:
            self._refuse(name, "is not reproduced by the local cloud")

    def _value(self, name: str, default: Any) -> Any:
        value = self.values.get(name, default)
        if value is _REQUIRED:
            self._refuse(name, "is missing")
        return value

    def _refuse(self, name: str, what: str) -> NoReturn:
        raise TemplateError(f"{self.path}.{name} {what}")
