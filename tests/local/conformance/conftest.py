"""The cloud of the conformance tests: a local one, or with `--cloud PROFILE` the one that a profile describes."""

import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3
from mns.account import Account
from mns.mns_exception import MNSServerException

from express_sync.local.cloud import CloudOptions, background
from express_sync.ops.targets import profiles
from express_sync.ops.targets.target import profile_directories
from express_sync.ops.terminal.errors import CliError
from handler.credentials import Credentials
from tests.support.patience import PATIENCE_SECONDS


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take `--cloud` if this folder is among the arguments of pytest."""
    parser.addoption("--cloud", metavar="PROFILE", help="run the conformance tests against the cloud of this profile")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a profile that cannot be used before any test runs."""
    if name := config.getoption("cloud", None):
        try:
            described(name)
        except CliError as problem:
            raise pytest.UsageError(str(problem)) from None


def described(name: str) -> tuple[Mapping[str, Any], Credentials]:
    """Return the profile of this name and its key."""
    profile = profiles.read(name, profile_directories(Path.cwd(), os.environ), os.environ)
    return profile, profiles.credentials(profile, os.environ)


@dataclass(frozen=True)
class Cloud:
    """Endpoints and key of a cloud; `prefix` starts the name of everything that a test creates."""

    profile: Mapping[str, Any]
    credentials: Credentials
    prefix: str

    def mns(self, secret: str = "") -> Any:
        """Return an Account of the MNS SDK, with another secret if one is given."""
        key = self.credentials
        endpoint = self.profile["mns"]["endpoint"]
        return Account(endpoint, key.access_key_id, secret or key.access_key_secret, key.security_token)


@pytest.fixture(scope="session")
def cloud(pytestconfig: pytest.Config) -> Iterator[Cloud]:
    """The cloud under test."""
    prefix = f"conformance-{secrets.token_hex(4)}-"
    if name := pytestconfig.getoption("cloud", None):
        yield Cloud(*described(name), prefix)
        return
    with background(CloudOptions()) as running:
        yield Cloud(running.ready, profiles.credentials(running.ready, {}), prefix)


@pytest.fixture
def account(cloud: Cloud) -> Iterator[Any]:
    """An Account of the MNS SDK whose queues and topics with the prefix are deleted after the test."""
    account = cloud.mns()
    yield account
    for urls, get in ((account.list_queue, account.get_queue), (account.list_topic, account.get_topic)):
        for url in urls(cloud.prefix, 100)[0]:
            get(url.rpartition("/")[2]).delete()
    account.get_client().close_connection()


@pytest.fixture
def admin(cloud: Cloud, pytestconfig: pytest.Config) -> Callable[[str, Any], None]:
    """Return a function that posts a document to the admin API of the MNS."""
    if pytestconfig.getoption("cloud", None):
        pytest.skip("needs the admin API, which only the local cloud has")

    def post(path: str, document: Any) -> None:
        url = f"{cloud.profile['mns']['endpoint']}/_local/{path}"
        answer = urllib3.request("POST", url, json=document, timeout=PATIENCE_SECONDS)
        assert answer.status == 200, answer.data

    return post


def code_of(call: Callable[..., Any], *arguments: Any) -> str:
    """Return the error code of a call that the MNS refuses."""
    with pytest.raises(MNSServerException) as refused:
        call(*arguments)
    return str(refused.value.type)
