"""The database of the portal: the log of outcome events, and what is derived from it for fast lookups."""
