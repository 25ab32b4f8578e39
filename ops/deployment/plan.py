"""What a deployment is going to do, decided before it does anything. Pure: what was seen is passed in."""

from collections.abc import Mapping
from dataclasses import dataclass

from ops.deployment.package_file import Package
from ops.deployment.site import Site
from ops.deployment.stack import Stack
from ops.deployment.template_file import CODE_BUCKET, CODE_OBJECT, NAME_PREFIX, RUNTIME, Template
from ops.problems import Problem


@dataclass(frozen=True, slots=True)
class Seen:
    """What is there: whether the object is, the stack if it is, and whose bucket it is."""

    has_object: bool
    stack: Stack | None
    account_id: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A deployment; `seen` is None where nobody could look, for want of a key."""

    site: Site
    template: Template
    package: Package
    bucket: str
    given: Mapping[str, str]
    seen: Seen | None

    @property
    def action(self) -> str:
        """What ROS will be asked for."""
        if self.seen is None:
            return "create or update"
        return "update" if self.seen.stack else "create"

    @property
    def parameters(self) -> Mapping[str, str]:
        """The parameters that ROS gets; an update leaves all others as they are."""
        return {  # package and runtime go together, whatever runtime the stack has had
            RUNTIME: self.template.default(RUNTIME),
            **self.given,
            CODE_BUCKET: self.bucket,
            CODE_OBJECT: self.package.key,
        }

    @property
    def place(self) -> str:
        """Where the package goes, as people write it."""
        return f"oss://{self.bucket}/{self.package.key}"

    def lines(self) -> tuple[tuple[str, str], ...]:
        """The plan for people: what, and what is done with it."""
        has_object = self.seen.has_object if self.seen else None
        upload = {None: "upload unless it is there", True: "is there already", False: "upload"}
        parameters = ", ".join(f"{name}={value}" for name, value in self.parameters.items())
        return (
            ("Package", f"{self.package.path}, {self.package.size} bytes, sha256 {self.package.sha256}"),
            ("Object", f"{self.place}: {upload[has_object]}"),
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
                "isThere": self.seen.has_object if self.seen else None,
            },
        }


def check(plan: Plan) -> None:
    """Problem if the stack that is there cannot become the one that is wanted."""
    stack = plan.seen.stack if plan.seen else None
    if stack is None:
        return
    if stack.standing == "busy":
        raise Problem(
            f"Stack {stack.name} is busy ({stack.state}), and nothing was done;"
            f" wait until `express-sync status {plan.site.options}` says that it is not, then deploy again."
        )
    if stack.standing == "dead":
        raise Problem(
            f"Stack {stack.name} is in state {stack.state} and cannot be updated, so nothing was done;"
            f" run `express-sync destroy {plan.site.options} --yes`, then deploy again."
        )
    before, wanted = name_prefix(stack, plan.template), plan.given.get(NAME_PREFIX)
    if wanted not in (None, before):
        raise Problem(
            f"{NAME_PREFIX} of stack {stack.name} is {before}, and another would replace its queues with all that is"
            " in them; leave it, or deploy another --stack."
        )


def name_prefix(stack: Stack, template: Template) -> str:
    """What the names of the stack's resources begin with."""
    return stack.parameters.get(NAME_PREFIX) or template.default(NAME_PREFIX)


def _others(plan: Plan) -> str:
    return "; all others stay as they are" if plan.action == "update" else ""
