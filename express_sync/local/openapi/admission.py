"""The API gateway's door: who may call, in which order that is found out, and which nonces were used.

Knows the operations' names only. Reproduces the checks of common parameters, keys, security tokens, the
clock's skew of fifteen minutes either way, and replayed nonces. Unknown, and so chosen: the order of the
checks; that a nonce is only used up by a call whose signature is right; that a token of another key is a
mismatch and anything else malformed.
Does not reproduce: RAM policies, quotas, TLS (`InvalidProtocol.NeedSsl`), disabled keys, expiring tokens.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta, timezone

from express_sync.local.account import Key
from express_sync.local.openapi.request import Call
from express_sync.local.openapi.signatures import Signed, dialect
from express_sync.local.sgw.errors import GATEWAY, Refusal, missing

VERSION = "2018-05-11"
_SKEW_S = 15 * 60
_METHODS = ("GET", "POST")
_TIMESTAMP = "%Y-%m-%dT%H:%M:%SZ"


class Gateway:
    """Admits calls of `version` signed with one of `keys`; `now` is the service's time in seconds since the epoch."""

    def __init__(
        self, keys: Mapping[str, Key], actions: Collection[str], now: Callable[[], float], version: str = VERSION
    ) -> None:
        self._keys = keys
        self._version = version
        self._actions = actions
        self._now = now
        self._nonces = _Nonces()

    def refusal(self, call: Call) -> Refusal | None:
        """Say why `call` may not come in, if it may not."""
        signed = dialect(call)
        return self._address(call) or signed.incompleteness() or self._identity(signed) or self._replay(signed)

    def _address(self, call: Call) -> Refusal | None:
        if call.method not in _METHODS:
            return GATEWAY["UnsupportedHTTPMethod"]
        if call.path != "/" or call.action not in self._actions:
            return GATEWAY["InvalidAction.NotFound"] if call.action else missing("Action")
        if call.version != self._version:
            return GATEWAY["InvalidVersion"] if call.version else missing("Version")
        return None if call.has_valid_format else GATEWAY["InvalidParameter.Format"]

    def _identity(self, signed: Signed) -> Refusal | None:
        key = self._keys.get(signed.common("AccessKeyId"))
        if key is None:
            return GATEWAY["InvalidAccessKeyId.NotFound"]
        return (
            _staleness(signed.common("Timestamp"), self._now())
            or self._token_problem(key, signed.common("SecurityToken"))
            or signed.mismatch(key.access_key_secret)
        )

    def _token_problem(self, key: Key, token: str) -> Refusal | None:
        if token == key.security_token:
            return None
        if not token:
            return missing("SecurityToken")
        is_of_another_key = any(token == other.security_token for other in self._keys.values())
        kind = "MismatchWithAccessKey" if is_of_another_key else "Malformed"
        return GATEWAY[f"InvalidSecurityToken.{kind}"]

    def _replay(self, signed: Signed) -> Refusal | None:
        used = self._nonces.use(f"{signed.common('AccessKeyId')} {signed.common('SignatureNonce')}", self._now())
        return GATEWAY["SignatureNonceUsed"] if used else None


class _Nonces:
    """The nonces of the last while: as long as the timestamp that came with one can still be accepted."""

    def __init__(self) -> None:
        self._forgotten_at: dict[str, float] = {}

    def use(self, nonce: str, now: float) -> bool:
        """Remember `nonce`, and say whether it was used before."""
        self._forget(now)
        used = nonce in self._forgotten_at
        self._forgotten_at.setdefault(nonce, now + 2 * _SKEW_S)
        return used

    def _forget(self, now: float) -> None:
        while self._forgotten_at:
            oldest = next(iter(self._forgotten_at))
            if self._forgotten_at[oldest] >= now:
                return
            del self._forgotten_at[oldest]


def _staleness(timestamp: str, now: float) -> Refusal | None:
    try:
        signed_at = datetime.strptime(timestamp, _TIMESTAMP).replace(tzinfo=timezone.utc)
    except ValueError:
        return GATEWAY["InvalidTimeStamp.Format"]
    skew = abs(signed_at - datetime.fromtimestamp(now, timezone.utc))
    return GATEWAY["InvalidTimeStamp.Expired"] if skew > timedelta(seconds=_SKEW_S) else None
