"""What a deployment is going to do, decided before it does anything. Pure: what was seen is passed in."""

from collections.abc import Mapping
from dataclasses import dataclass

from express_sync.ops.deployment.location import Site
from express_sync.ops.deployment.package_file import Package
from express_sync.ops.deployment.stack import Stack
from express_sync.ops.deployment.template_file import (
    CODE_BUCKET,
    CODE_OBJECT,
    NAME_PREFIX,
    RUNTIME,
    Template,
    check_together,
)
from express_sync.ops.terminal.errors import CliError


@dataclass(frozen=True, slots=True)
class Seen:
    """What is there before a package is: the stack if it is, and whose bucket it is."""

    stack: Stack | None
    account_id: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A deployment; `seen`, and whether the bucket has the object, are None where nobody could look, without a key."""

    site: Site
    template: Template
    package: Package
    bucket: str
    given: Mapping[str, str]
    seen: Seen | None
    has_object: bool | None

    @property
    def stack(self) -> Stack | None:
        """The stack that is there, None also where nobody could look."""
        return self.seen.stack if self.seen else None

    @property
    def action(self) -> str:
        """What ROS will be asked for."""
        if self.seen is None:
            return "create or update"
        return "update" if self.seen.stack else "create"

    @property
    def parameters(self) -> Mapping[str, str]:
        """The parameters that ROS gets; an update leaves all others as they are."""
        return {  # package and runtime go together, so the runtime is always said
            RUNTIME: runtime(self.given, self.stack, self.template),
            **self.given,
            CODE_BUCKET: self.bucket,
            CODE_OBJECT: self.package.key,
        }

    @property
    def name_prefix(self) -> str:
        """What the names of the stack's resources will begin with; `check` has seen to it that it does not change."""
        return self.given.get(NAME_PREFIX) or _name_prefix(self.stack, self.template)

    @property
    def place(self) -> str:
        """Where the package goes, as people write it."""
        return f"oss://{self.bucket}/{self.package.key}"

    def lines(self) -> tuple[tuple[str, str], ...]:
        """The plan for people: what, and what is done with it."""
        upload = {None: "upload unless it is there", True: "is there already", False: "upload"}
        parameters = ", ".join(f"{name}={value}" for name, value in self.parameters.items())
        return (
            ("Package", f"{self.package.path}, {self.package.size} bytes, sha256 {self.package.sha256}"),
            ("Object", f"{self.place}: {upload[self.has_object]}"),
            ("Stack", f"{self.site.stack} in {self.site.region}: {self.action}"),
            ("Parameters", parameters + _others(self)),
            ("Template", "ROS takes it" if self.seen else "checked here only, for want of an access key"),
        )

    def document(self) -> dict[str, object]:
        """The plan for scripts."""
        return {
            "stack": self.site.stack,
            "region": self.site.region,
            "action": self.action,
            "parameters": dict(self.parameters),
            "package": {
                "path": str(self.package.path),
                "sha256": self.package.sha256,
                "size": self.package.size,
                "object": self.place,
                "isThere": self.has_object,
            },
        }


def check(plan: Plan) -> None:
    """CliError if the stack that is wanted cannot run, or the one that is there cannot become it."""
    stack = plan.stack
    check_together(plan.template, {**(stack.parameters if stack else {}), **plan.given})
    if stack is None:
        return
    if stack.standing == "busy":
        raise CliError(
            f"Stack {stack.name} is busy ({stack.state}), and nothing was done;"
            f" wait until `express-sync status {plan.site.options}` says that it is not, then deploy again."
        )
    if stack.standing == "dead":
        raise CliError(
            f"Stack {stack.name} is in state {stack.state} and cannot be updated, so nothing was done;"
            f" run `express-sync destroy {plan.site.options} --yes`, then deploy again."
        )
    before, wanted = _name_prefix(stack, plan.template), plan.given.get(NAME_PREFIX)
    if wanted not in (None, before):
        raise CliError(
            f"{NAME_PREFIX} of stack {stack.name} is {before}, and another would replace its queues with all that is"
            " in them; leave it, or deploy another --stack."
        )


def runtime(given: Mapping[str, str], stack: Stack | None, template: Template) -> str:
    """What a deployment runs on: what is given, else what the stack has if the template allows it, else default."""
    known = stack.parameters.get(RUNTIME) if stack else None
    kept = known if known in template.parameters[RUNTIME]["AllowedValues"] else None
    return given.get(RUNTIME) or kept or template.default(RUNTIME)


def _name_prefix(stack: Stack | None, template: Template) -> str:
    return (stack and stack.parameters.get(NAME_PREFIX)) or template.default(NAME_PREFIX)


def _others(plan: Plan) -> str:
    if plan.seen is None and RUNTIME not in plan.given:
        return f"; an update leaves all others, and {RUNTIME}, as they are"
    return "" if plan.action == "create" else "; all others stay as they are"
