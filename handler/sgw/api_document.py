"""Parses the body of an API answer, JSON or XML, into one mapping.

The function asks for JSON, but the API's gateway answers some errors in XML. The content type is ignored, because
gateways often set a wrong one.
"""

import json
from collections.abc import Mapping
from typing import Any

from handler import strict_xml

_SPACE_AND_BOM = "\ufeff \t\r\n"


def parse(data: bytes) -> Mapping[str, Any]:
    """Return the members of the JSON object or of the XML document's root; empty if `data` is neither."""
    try:
        text = data.decode(json.detect_encoding(data)).lstrip(_SPACE_AND_BOM)
        document = strict_xml.parse(text) if text.startswith("<") else json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, Mapping) else {}
