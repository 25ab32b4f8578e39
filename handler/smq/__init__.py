"""The client of MNS (SMQ), and what sends messages with retries."""
