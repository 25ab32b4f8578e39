"""Fixtures of the tests that run commands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from express_sync.local.cloud import CloudOptions
from tests.ops.cli.deploy_support import DeploymentBench, deployment_bench
from tests.support.cli import CloudShell, Shell, cloud_shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Return a directory to run commands in, without a cloud."""
    return Shell(tmp_path, {})


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[CloudShell]:
    """Run a local cloud with the function."""
    with cloud_shell(tmp_path, CloudOptions()) as running:
        yield running


@pytest.fixture
def queues(tmp_path: Path) -> Iterator[CloudShell]:
    """Run a local cloud without the function: what is sent stays in its queue."""
    with cloud_shell(tmp_path, CloudOptions(with_function=False)) as running:
        yield running


@pytest.fixture(scope="module")
def shared_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudShell]:
    """Run a local cloud with the function for the tests of a module."""
    with cloud_shell(tmp_path_factory.mktemp("cloud"), CloudOptions()) as running:
        yield running


@pytest.fixture(scope="module")
def shared_queues(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudShell]:
    """Run a local cloud without the function for the tests of a module."""
    with cloud_shell(tmp_path_factory.mktemp("queues"), CloudOptions(with_function=False)) as running:
        yield running


@pytest.fixture
def silent(shared_queues: CloudShell) -> CloudShell:
    """Return that cloud without messages and faults: outcomes are those that the test publishes."""
    shared_queues.reset()
    return shared_queues


@pytest.fixture
def bench(tmp_path: Path, cloud: CloudShell) -> Iterator[DeploymentBench]:
    """Yield services to deploy to, beside the cloud of the test."""
    with deployment_bench(tmp_path, cloud) as made:
        yield made
