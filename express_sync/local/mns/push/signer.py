"""The signature of notifications, with a key that is made when it is first needed.

Reproduces: RSA with SHA-1 (PKCS #1 v1.5) over method, Content-MD5, Content-Type, Date, the x-mns-* headers in order and
the request target, checked with the certificate at the URL in `x-mns-signing-cert-url`, which is base64 (help page
"Push messages to an HTTP endpoint"). Chosen: the certificate is self-signed; the real one is of a public authority.
"""

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

CERTIFICATE_PATH = "/x509_public_certificate.pem"
_LIFETIME = timedelta(days=30)
_HASH = hashes.SHA1()  # noqa: S303 - MNS signs its pushes with SHA1withRSA and offers no other algorithm


class Signer:
    """Signs with one RSA key, which exists as long as this object."""

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @cached_property
    def certificate(self) -> bytes:
        """Return the certificate of the key in PEM."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "local MNS")])
        now = datetime.now(timezone.utc)
        builder = x509.CertificateBuilder(name, name, self._key.public_key(), x509.random_serial_number())
        dated = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + _LIFETIME)
        return dated.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def sign(self, method: str, target: str, headers: Mapping[str, str]) -> str:
        """Return the Authorization header of a request; names of `headers` are in lower case."""
        own = [f"{name}:{headers[name]}" for name in sorted(headers) if name.startswith("x-mns-")]
        plain = [headers[name] for name in ("content-md5", "content-type", "date")]
        text = "\n".join([method, *plain, *own, target])
        signature = self._key.sign(text.encode(), padding.PKCS1v15(), _HASH)
        return base64.b64encode(signature).decode()
