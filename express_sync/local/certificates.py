"""A certificate authority of a local cloud's own, and the TLS context of its servers."""

import ssl
from pathlib import Path
from tempfile import TemporaryDirectory

import trustme

from express_sync.local.server import LOOPBACK


class Certificates:
    """A new authority; `ca_file` is its certificate, which clients have to trust, until `remove` is called."""

    def __init__(self) -> None:
        self._directory = TemporaryDirectory(prefix="express-sync-")
        self.ca_file = Path(self._directory.name) / "ca.pem"
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.ca_file))
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(LOOPBACK, "localhost").configure_cert(self.server)

    def remove(self) -> None:
        """Delete the file."""
        self._directory.cleanup()
