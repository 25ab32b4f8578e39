"""Object Storage Service, as far as keeping one package needs it: `app` serves, `signature` says who may call."""
