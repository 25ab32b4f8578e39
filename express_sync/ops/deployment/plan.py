"""What a deployment will do, decided before it does anything. Pure: what exists is passed in."""

from collections.abc import Mapping
from dataclasses import dataclass

from express_sync.ops.deployment.location import StackLocation
from express_sync.ops.deployment.stack import Stack
from express_sync.ops.deployment.template_file import (
    CODE_BUCKET,
    CODE_OBJECT,
    NAME_PREFIX,
    RUNTIME,
    Template,
    check_combination,
)
from express_sync.ops.packaging.package import Package
from express_sync.ops.terminal.errors import CliError


@dataclass(frozen=True, slots=True)
class Existing:
    """What exists before a deployment: the stack, if there is one, and the account that owns the bucket."""

    stack: Stack | None
    account_id: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A deployment; `existing` and `has_object` are None if they could not be looked up without a key."""

    location: StackLocation
    template: Template
    package: Package
    bucket: str
    given: Mapping[str, str]
    existing: Existing | None
    has_object: bool | None

    @property
    def stack(self) -> Stack | None:
        """The existing stack; None also if it could not be looked up."""
        return self.existing.stack if self.existing else None

    @property
    def action(self) -> str:
        """What ROS will do."""
        if self.existing is None:
            return "create or update"
        return "update" if self.existing.stack else "create"

    @property
    def parameters(self) -> Mapping[str, str]:
        """The parameters of the call to ROS; an update keeps all others."""
        return {  # package and runtime belong together, so the runtime is always included
            RUNTIME: runtime(self.given, self.stack, self.template),
            **self.given,
            CODE_BUCKET: self.bucket,
            CODE_OBJECT: self.package.key,
        }

    @property
    def name_prefix(self) -> str:
        """The prefix of the resource names; `check` rejects a change of it."""
        return self.given.get(NAME_PREFIX) or _name_prefix(self.stack, self.template)

    @property
    def object_url(self) -> str:
        """The URL of the package in OSS."""
        return f"oss://{self.bucket}/{self.package.key}"

    def lines(self) -> tuple[tuple[str, str], ...]:
        """Return the plan as pairs of a label and a text."""
        upload = {None: "upload unless it exists", True: "exists already", False: "upload"}
        parameters = ", ".join(f"{name}={value}" for name, value in self.parameters.items())
        return (
            ("Package", f"{self.package.path}, {self.package.size} bytes, sha256 {self.package.sha256}"),
            ("Object", f"{self.object_url}: {upload[self.has_object]}"),
            ("Stack", f"{self.location.stack} in {self.location.region}: {self.action}"),
            ("Parameters", parameters + self._other_parameters()),
            ("Template", "accepted by ROS" if self.existing else "checked locally only, without an access key"),
        )

    def document(self) -> dict[str, object]:
        """Return the plan as a JSON object."""
        return {
            "stack": self.location.stack,
            "region": self.location.region,
            "action": self.action,
            "parameters": dict(self.parameters),
            "package": {
                "path": str(self.package.path),
                "sha256": self.package.sha256,
                "size": self.package.size,
                "object": self.object_url,
                "isThere": self.has_object,
            },
        }

    def _other_parameters(self) -> str:
        if self.existing is None and RUNTIME not in self.given:
            return f"; an update keeps all others, and {RUNTIME}"
        return "" if self.action == "create" else "; all others are kept"


def check(plan: Plan) -> None:
    """Raise CliError if the planned stack could not run, or if the existing one cannot be updated to it."""
    stack = plan.stack
    check_combination(plan.template, {**(stack.parameters if stack else {}), **plan.given})
    if stack is None:
        return
    if stack.health == "in_progress":
        raise CliError(
            f"An operation on stack {stack.name} is in progress ({stack.state}), so nothing was done;"
            f" wait until `express-sync status {plan.location.options}` reports its end, then deploy again."
        )
    if stack.health == "unrecoverable":
        raise CliError(
            f"Stack {stack.name} is in state {stack.state} and cannot be updated, so nothing was done;"
            f" run `express-sync destroy {plan.location.options} --yes`, then deploy again."
        )
    current, given = _name_prefix(stack, plan.template), plan.given.get(NAME_PREFIX)
    if given not in (None, current):
        raise CliError(
            f"{NAME_PREFIX} of stack {stack.name} is {current}, and a change would replace its queues and delete"
            " their messages; keep it, or deploy another --stack."
        )


def runtime(given: Mapping[str, str], stack: Stack | None, template: Template) -> str:
    """Return the runtime of a deployment: the given one, that of the stack if it is still allowed, or the default."""
    known = stack.parameters.get(RUNTIME) if stack else None
    kept = known if known in template.parameters[RUNTIME]["AllowedValues"] else None
    return given.get(RUNTIME) or kept or template.default(RUNTIME)


def _name_prefix(stack: Stack | None, template: Template) -> str:
    return (stack and stack.parameters.get(NAME_PREFIX)) or template.default(NAME_PREFIX)
