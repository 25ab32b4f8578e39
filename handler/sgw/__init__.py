"""The client of Cloud Storage Gateway: endpoints, signatures, calls, responses."""
