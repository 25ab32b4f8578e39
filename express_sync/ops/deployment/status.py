"""How a deployed stack is: its state, what in it is not well, and whether it runs the package that is here.

Only looks. Must not know how it is shown.
"""

from dataclasses import dataclass

from express_sync.ops.deployment.messages import reason
from express_sync.ops.deployment.package_file import Package
from express_sync.ops.deployment.ros import Stacks
from express_sync.ops.deployment.stack import Resource, Stack
from express_sync.ops.deployment.template_file import CODE_OBJECT


@dataclass(frozen=True, slots=True)
class Examined:
    """A stack, its resources that are not well, and the package that is here, None if none is."""

    stack: Stack
    unwell: tuple[Resource, ...]
    local: Package | None

    @property
    def is_well(self) -> bool:
        """Whether stack and resources are as they should be; another package here is no illness."""
        return self.stack.standing == "well" and not self.unwell

    @property
    def runs_local(self) -> bool | None:
        """Whether the deployed package is the one that is here, None if none is here."""
        return None if self.local is None else self.stack.parameters.get(CODE_OBJECT) == self.local.key

    def document(self) -> dict[str, object]:
        """All of it for scripts."""
        stack = self.stack
        return {
            "stack": stack.name,
            "stackId": stack.id,
            "state": stack.state,
            "isWell": self.is_well,
            "reason": "" if stack.standing == "well" else reason(stack, ()),
            "package": {
                "deployed": stack.parameters.get(CODE_OBJECT),
                "local": self.local.key if self.local else None,
                "isSame": self.runs_local,
            },
            "unwell": [
                {"resource": each.name, "type": each.type, "state": each.state, "reason": each.reason}
                for each in self.unwell
            ],
            "outputs": dict(stack.outputs),
        }


def examine(stacks: Stacks, stack: Stack, local: Package | None) -> Examined:
    """Look at every resource of a stack. RefusedError."""
    return Examined(stack, tuple(each for each in stacks.resources(stack.id) if not each.is_well), local)
