"""Receives notifications: receiver.py PORT [ORIGIN_OF_A_LOCAL_CLOUD]. Prints the body of each that is genuine."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from express_sync.mns_push import Verifier

MAX_BYTES = 256 * 1024


def receiver(verifier: Verifier) -> type[BaseHTTPRequestHandler]:
    """Return the handler of requests that `verifier` verifies."""

    class Receiver(BaseHTTPRequestHandler):
        timeout = 5  # seconds without a byte

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "0")
            is_read = length.isdecimal() and len(length) < 10 and int(length) <= MAX_BYTES
            body = self.rfile.read(int(length)) if is_read else b""
            reason = verifier.refusal("POST", self.path, dict(self.headers), body)
            self.send_response(403 if reason else 204)
            self.end_headers()
            print(f"refused: {reason}" if reason else f"received: {body.decode(errors='replace')}", flush=True)

        def log_message(self, *_arguments: object) -> None:
            """Write no log of requests."""

    return Receiver


if __name__ == "__main__":
    port, origin = int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""
    with ThreadingHTTPServer(("127.0.0.1", port), receiver(Verifier(origin))) as server:
        print(f"listening on {server.server_port}", flush=True)
        server.serve_forever()
