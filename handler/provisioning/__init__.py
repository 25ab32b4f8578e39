"""Provisions one request: create calls, retries, lookup, verdict, deferral."""
