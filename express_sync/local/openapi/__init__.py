"""The API gateway in front of every RPC API: requests, signatures, admission and the gateway's own errors."""
