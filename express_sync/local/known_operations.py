"""The operations that the real services have, emulated here or not.

Source: the clients that Alibaba Cloud publishes, read by `make operations`; the table names their versions. Those that
only the SDK of another language has are listed here: of 2016-08-15 of Function Compute those of fc-go-sdk (commit
3a1b2ed), and its paths for HTTP triggers (help page "Invoke functions with HTTP triggers").
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_FUNCTION_2016 = "/2016-08-15/services/{}/functions/{}"
_OF_OTHER_SDKS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "fc2": {
        "DeleteLayerVersion": ("DELETE", "/2016-08-15/layers/{}/versions/{}"),
        "GetLayerVersion": ("GET", "/2016-08-15/layers/{}/versions/{}"),
        "GetLayerVersionByArn": ("GET", "/2016-08-15/layerarn/{}"),
        "GetStatefulAsyncInvocation": ("GET", f"{_FUNCTION_2016}/stateful-async-invocations/{{}}"),
        "GetTempBucketToken": ("GET", "/2016-08-15/tempBucketToken"),
        "InstanceExec": ("GET", f"{_FUNCTION_2016}/instances/{{}}/exec"),
        "ListLayerVersions": ("GET", "/2016-08-15/layers/{}/versions"),
        "ListLayers": ("GET", "/2016-08-15/layers"),
        "ListStatefulAsyncInvocations": ("GET", f"{_FUNCTION_2016}/stateful-async-invocations"),
        "PublishLayerVersion": ("POST", "/2016-08-15/layers/{}/versions"),
        "StopStatefulAsyncInvocation": ("PUT", f"{_FUNCTION_2016}/stateful-async-invocations/{{}}"),
    }
}
MORE_SOURCES: Mapping[str, str] = {"fc2": "fc-go-sdk 3a1b2ed"}
_PROXY = re.compile(r"/2016-08-15/proxy/[^/]+/[^/]+(/.*)?")
TABLES = Path(__file__).with_name("known_operations.json")


@cache
def tables() -> Mapping[str, Any]:
    """Return the tables: for each service its source, version and operations with their methods and paths."""
    loaded: Mapping[str, Any] = json.loads(TABLES.read_text(encoding="utf-8"))
    return loaded


def names(service: str) -> frozenset[str]:
    """Return the names of the operations of a service."""
    return frozenset(_operations(service))


def operation_at(service: str, method: str, path: str) -> str:
    """Return the operation of `method` on `path`, "" if the service does not have any there."""
    if service == "fc2" and _PROXY.fullmatch(path):
        return "InvokeFunction by HTTP trigger"
    for name, (of_method, pattern) in _operations(service).items():
        # The qualifier of a service is always optional.
        segments = re.escape(pattern.replace("{}.{}", "{}")).replace(r"\{\}", "[^/]+")
        if method == of_method and re.fullmatch(segments, path):
            return name
    return ""


def _operations(service: str) -> Mapping[str, tuple[str, str]]:
    return {**tables()[service]["operations"], **_OF_OTHER_SDKS.get(service, {})}
