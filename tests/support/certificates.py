"""Certificates for TLS servers on 127.0.0.1: one that a client can be made to trust, and others that it must not."""

import contextlib
import ipaddress
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from handler.transport import connector

_DAY = timedelta(days=1)
_KEY_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass(frozen=True)
class Authority:
    """A certificate authority of its own; `file` is its certificate."""

    file: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @staticmethod
    def create(folder: Path) -> "Authority":
        """Make up an authority and write its certificate into `folder`."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder("authority", key, timedelta(0)).issuer_name(_name("authority"))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        certificate = builder.add_extension(_usage("key_cert_sign"), critical=True).sign(key, hashes.SHA256())
        file = folder / "authority.pem"
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return Authority(file, key, certificate)

    def server(self, folder: Path, host: str = "127.0.0.1", age: timedelta = timedelta(0)) -> ssl.SSLContext:
        """Return the context of a server whose certificate is for `host`, and began `age` and a day ago."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder("server", key, age).issuer_name(self.certificate.subject)
        names = x509.SubjectAlternativeName([_alternative(host)])
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = builder.add_extension(names, critical=False).add_extension(identifier, critical=False)
        certificate = builder.add_extension(_usage("digital_signature"), critical=True).sign(self.key, hashes.SHA256())
        return _context(folder, certificate, key)


@contextlib.contextmanager
def trusting(authority: Path | str) -> Iterator[None]:
    """Make the function of this process trust an authority, by its file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(authority))
        connector._tls.cache_clear()
        try:
            yield
        finally:
            connector._tls.cache_clear()


def _context(folder: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> ssl.SSLContext:
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / f"{certificate.serial_number}.pem"
    file.write_bytes(certificate.public_bytes(pem) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def _builder(subject: str, key: ec.EllipticCurvePrivateKey, age: timedelta) -> x509.CertificateBuilder:
    began = datetime.now(timezone.utc) - age - _DAY
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(began)
        .not_valid_after(began + 30 * _DAY)
        .add_extension(identifier, critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _usage(purpose: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{usage: usage == purpose for usage in _KEY_USAGES})
