"""Turns events of triggers into requests: envelopes, strict JSON, validation, the event of a repeated request."""
