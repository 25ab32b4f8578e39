"""The pages of the portal: static files in `site/`, which use the HTTP API, and what they need beside it."""
