"""The account of the local cloud, its region and the key pairs whose signatures are accepted."""

from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_SKEW_SECONDS = 15 * 60  # of the time in a signature, in every service


@dataclass(frozen=True, slots=True)
class Key:
    """One key pair; a temporary (STS) pair is only valid together with its security token."""

    access_key_id: str
    access_key_secret: str = field(repr=False)
    security_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Account:
    """The only account of the local cloud.

    `user` is the long-lived key of people and tools; `role` is the temporary key of the function's execution role.
    """

    account_id: str
    region: str
    user: Key
    role: Key

    def keys(self) -> Mapping[str, Key]:
        """Return every accepted key by its access key id."""
        return {key.access_key_id: key for key in (self.user, self.role)}


LOCAL_ACCOUNT = Account(
    account_id="1234567890123456",
    region="cn-hangzhou",
    user=Key("LTAI5tLocalCloudUser", "local-user-secret-not-a-real-one"),
    role=Key("STS.NULocalCloudRole", "local-role-secret-not-a-real-one", "local-role-token-not-a-real-one"),
)
