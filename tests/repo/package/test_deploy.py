"""`express-sync deploy` without --package builds the package."""

from collections.abc import Callable
from pathlib import Path

from tests.repo.package.conftest import Built
from tests.support.cli import Shell

WHERE = ("--region", "cn-hangzhou", "--code-bucket", "code-bucket")


def test_deploy_builds_the_package_for_the_runtime(tmp_path: Path, package_for: Callable[[str], Built]) -> None:
    """The runtime is the one that the stack will have."""
    for runtime in ("python3.10", "python3.12"):
        ended = Shell(tmp_path, {}).run("deploy", *WHERE, "--parameter", f"Runtime={runtime}", "--dry-run", "--json")
        assert ended.code == 0, ended
        (plan,) = ended.lines()
        assert plan["package"]["sha256"] == package_for(runtime).package.sha256
        assert plan["parameters"]["Runtime"] == runtime
