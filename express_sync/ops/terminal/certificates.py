"""How to tell that a server has shown a certificate that is not trusted, and what to do then."""

import re

UNTRUSTED = "CertificateNotTrusted"
CURE = "nothing was sent; check the endpoint, or name the certificates to trust with SSL_CERT_FILE"
_TEXT = re.compile(r"CERTIFICATE_VERIFY_FAILED|hostname .* doesn't match")


def is_untrusted(error: BaseException) -> bool:
    """Return whether an HTTP library raised `error` because it does not trust the certificate.

    The text decides, as each library wraps Python's error in classes of its own and ROS's SDK keeps the text only.
    """
    return bool(_TEXT.search(str(error)))
