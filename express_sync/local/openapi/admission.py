"""Decides whether a call may be run: common parameters, key, timestamp, security token, signature, nonce.

Reproduces the clock skew of fifteen minutes either way and the refusal of nonces that were used before.
Unknown, and so chosen: the order of the checks; that a nonce is used up only by a call with a correct signature; that
the token of another key is a mismatch and any other wrong token malformed.
Does not reproduce: RAM policies, quotas, TLS (`InvalidProtocol.NeedSsl`), disabled keys, expiring tokens.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta, timezone

from express_sync.local.account import MAX_SKEW_SECONDS, Key
from express_sync.local.not_emulated import NotEmulatedError
from express_sync.local.openapi.errors import GatewayError, missing
from express_sync.local.openapi.request import Call
from express_sync.local.openapi.signatures import Signed, scheme_of

_METHODS = ("GET", "POST")
_TIMESTAMP = "%Y-%m-%dT%H:%M:%SZ"


class Admission:
    """Admits calls of `actions` in `version` signed with one of `keys`; `now` is in seconds since the epoch.

    `known` are the actions of the real service.
    """

    def __init__(
        self,
        keys: Mapping[str, Key],
        actions: Collection[str],
        version: str,
        now: Callable[[], float],
        known: Collection[str] = (),
    ) -> None:
        self._keys = keys
        self._actions = actions
        self._version = version
        self._now = now
        self._known = known
        self._nonces = _Nonces()

    def check(self, call: Call) -> None:
        """Return if `call` may be run. ApiError."""
        signed = scheme_of(call)
        self._check_address(call)
        signed.check_complete()
        self._check_identity(signed)
        if self._nonces.use(f"{signed.common('AccessKeyId')} {signed.common('SignatureNonce')}", self._now()):
            raise GatewayError("SignatureNonceUsed")

    def _check_address(self, call: Call) -> None:
        if call.method not in _METHODS:
            raise GatewayError("UnsupportedHTTPMethod")
        if call.path != "/" or call.action not in {*self._actions, *self._known}:
            raise GatewayError("InvalidAction.NotFound") if call.action else missing("Action")
        if call.version != self._version:
            raise GatewayError("InvalidVersion") if call.version else missing("Version")
        if call.action not in self._actions:
            raise NotEmulatedError(f"{call.action} of version {self._version}")
        if not call.has_valid_format:
            raise GatewayError("InvalidParameter.Format")

    def _check_identity(self, signed: Signed) -> None:
        key = self._keys.get(signed.common("AccessKeyId"))
        if key is None:
            raise GatewayError("InvalidAccessKeyId.NotFound")
        _check_timestamp(signed.common("Timestamp"), self._now())
        self._check_token(key, signed.common("SecurityToken"))
        signed.check_signature(key.access_key_secret)

    def _check_token(self, key: Key, token: str) -> None:
        if token == key.security_token:
            return
        if not token:
            raise missing("SecurityToken")
        is_of_another_key = any(token == other.security_token for other in self._keys.values())
        kind = "MismatchWithAccessKey" if is_of_another_key else "Malformed"
        raise GatewayError(f"InvalidSecurityToken.{kind}")


class _Nonces:
    """The nonces that were used, for as long as the timestamp sent with them can still be accepted."""

    def __init__(self) -> None:
        self._expires_at: dict[str, float] = {}

    def use(self, nonce: str, now: float) -> bool:
        """Remember `nonce`, and tell whether it was used before."""
        self._remove_expired(now)
        used = nonce in self._expires_at
        self._expires_at.setdefault(nonce, now + 2 * MAX_SKEW_SECONDS)
        return used

    def _remove_expired(self, now: float) -> None:
        while self._expires_at:
            oldest = next(iter(self._expires_at))
            if self._expires_at[oldest] >= now:
                return
            del self._expires_at[oldest]


def _check_timestamp(timestamp: str, now: float) -> None:
    try:
        signed_at = datetime.strptime(timestamp, _TIMESTAMP).replace(tzinfo=timezone.utc)
    except ValueError:
        raise GatewayError("InvalidTimeStamp.Format") from None
    if abs(signed_at - datetime.fromtimestamp(now, timezone.utc)) > timedelta(seconds=MAX_SKEW_SECONDS):
        raise GatewayError("InvalidTimeStamp.Expired")
