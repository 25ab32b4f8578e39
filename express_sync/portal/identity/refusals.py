"""The answers to callers without a valid identity, as RFC 6750 section 3 says. None quotes a token or a claim."""

from express_sync.portal.principal import Refusal

_REALM = 'Bearer realm="express-sync"'


def _challenge(error: str) -> dict[str, str]:
    return {"WWW-Authenticate": f'{_REALM}, error="{error}"'}


def _invalid(detail: str) -> Refusal:
    return Refusal(401, detail, _challenge("invalid_token"))


MISSING = Refusal(401, "Send a token in the header `Authorization: Bearer TOKEN`.", {"WWW-Authenticate": _REALM})
UNKNOWN = _invalid("The token is not known here, or was revoked.")
INVALID = _invalid("The token is not valid.")
EXPIRED = _invalid("The token has expired; get a new one.")
NOT_YET = _invalid("The token is not valid yet; compare the clocks of both machines.")
OTHER_ISSUER = _invalid("The token is from another issuer than the portal expects.")
OTHER_AUDIENCE = _invalid("The token was issued for another audience than the portal.")
ALGORITHM = _invalid("The token is signed with an algorithm that the portal does not accept.")
UNKNOWN_KEY = _invalid("The token is signed with a key that the identity provider does not publish.")
INCOMPLETE = _invalid("The token lacks a claim that the portal needs: exp, iss, aud, or the one with the name.")
TOO_LARGE = _invalid("The token is too large.")
NO_ROLE = Refusal(403, "The identity has no role in the portal; ask its operator.", _challenge("insufficient_scope"))
NO_KEYS = Refusal(503, "The identity provider cannot be reached; try again.", {"Retry-After": "5"})
IN_URL = Refusal(
    400,
    "A token must not be in a URL, where logs keep it: revoke it, and send a new one in the header Authorization.",
    _challenge("invalid_request"),
)
