"""The published contract of outcomes, as a validator."""

import json

from handler.inbound.validation import SCHEMAS, ContractValidator

OUTCOME_VALIDATOR = ContractValidator(json.loads((SCHEMAS / "provision-outcome.v1.json").read_bytes()))
