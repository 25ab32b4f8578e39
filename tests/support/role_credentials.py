"""The keys of the local account, in the handler's form."""

from express_sync.local.account import LOCAL_ACCOUNT, Key
from handler.credentials import Credentials


def credentials_of(key: Key) -> Credentials:
    """Return a key of the local account in the handler's form."""
    return Credentials(key.access_key_id, key.access_key_secret, key.security_token)


ROLE = credentials_of(LOCAL_ACCOUNT.role)
USER = credentials_of(LOCAL_ACCOUNT.user)
