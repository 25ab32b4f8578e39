"""The HTTP API of the portal, and the guards in front of it."""
