"""Object Storage Service, as far as storing one package needs it: `app` serves, `signature` authenticates."""
