"""The published contract of outcomes, as a validator."""

import json

from jsonschema import Draft7Validator

from handler.inbound.validation import SCHEMAS

OUTCOME_VALIDATOR = Draft7Validator(json.loads((SCHEMAS / "provision-outcome.v1.json").read_bytes()))
