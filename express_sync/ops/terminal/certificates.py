"""Recognises a TLS certificate that is not trusted, and says what to do about it."""

import re

UNTRUSTED = "CertificateNotTrusted"
FIX = "nothing was sent; check the endpoint, or name the certificates to trust with SSL_CERT_FILE"
_TEXT = re.compile(r"CERTIFICATE_VERIFY_FAILED|hostname .* doesn't match")


def is_untrusted(error: BaseException) -> bool:
    """Return whether an HTTP library raised `error` because it does not trust the certificate.

    The text decides: each library wraps Python's error in its own classes, and the SDK of ROS keeps only the text.
    """
    return bool(_TEXT.search(str(error)))
