"""The status of a deployed stack: its state, its unhealthy resources, and whether it runs the local package."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from express_sync.ops.deployment.messages import failure_reason
from express_sync.ops.deployment.stack import Resource, Stack
from express_sync.ops.deployment.template_file import CODE_OBJECT
from express_sync.ops.packaging.package import Package

if TYPE_CHECKING:
    from express_sync.ops.deployment.ros import Stacks


@dataclass(frozen=True, slots=True)
class StackStatus:
    """A stack, its unhealthy resources, and the local package if there is one."""

    stack: Stack
    unhealthy: tuple[Resource, ...]
    local: Package | None

    @property
    def is_healthy(self) -> bool:
        """Whether the stack and its resources are healthy; a different local package does not matter."""
        return self.stack.health == "healthy" and not self.unhealthy

    @property
    def runs_local(self) -> bool | None:
        """Return whether the deployed package is the local one, or None without a local package."""
        return None if self.local is None else self.stack.parameters.get(CODE_OBJECT) == self.local.key

    def document(self) -> dict[str, object]:
        """Return the status as a JSON object."""
        stack = self.stack
        return {
            "stack": stack.name,
            "stackId": stack.id,
            "state": stack.state,
            "isWell": self.is_healthy,
            "reason": "" if stack.health == "healthy" else failure_reason(stack, ()),
            "package": {
                "deployed": stack.parameters.get(CODE_OBJECT),
                "local": self.local.key if self.local else None,
                "isSame": self.runs_local,
            },
            "unwell": [
                {"resource": each.name, "type": each.type, "state": each.state, "reason": each.reason}
                for each in self.unhealthy
            ],
            "outputs": dict(stack.outputs),
        }


def stack_status(stacks: "Stacks", stack: Stack, local: Package | None) -> StackStatus:
    """Look up every resource of a stack. Raise ServiceError if that fails."""
    unhealthy = tuple(each for each in stacks.resources(stack.id) if not each.is_healthy)
    return StackStatus(stack, unhealthy, local)
