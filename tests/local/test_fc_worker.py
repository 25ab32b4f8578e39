"""The contract between the runtime and the function's code, observed inside real worker processes."""

import json
from pathlib import Path
from typing import Any

import pytest

from express_sync.local.fc.instance_pool import InstancePool
from express_sync.local.fc.result import InvocationResult
from tests.local.fc_support import RUNTIMES, Sample
from tests.support.patience import PATIENCE_SECONDS

SHAPE = """
    import json

    def handle(event, context):
        def shape(value):
            if isinstance(value, (str, int, type(None))):
                return [type(value).__name__, value]
            if callable(value):
                return "callable"
            if isinstance(value, dict):
                return value
            return {name: shape(item) for name, item in vars(value).items()}
        return json.dumps({"event": type(event).__name__, "text": event.decode(), "context": shape(context)})
"""


def document(result: InvocationResult) -> Any:
    assert result.succeeded, result.body
    return json.loads(result.body)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_event_is_bytes_and_context_has_request_and_function(tmp_path: Path, runtime: str) -> None:
    seen = document(Sample(tmp_path, runtime=runtime).write(SHAPE).invoke(b'{"a":1}'))
    assert (seen["event"], seen["text"]) == ("bytes", '{"a":1}')
    context = seen["context"]
    assert context["request_id"] == ["str", "request-1"]
    assert context["account_id"] == ["str", "1234567890123456"]
    assert context["region"] == ["str", "cn-hangzhou"]
    assert context["function"]["name"] == ["str", "sample"]
    assert context["function"]["handler"] == ["str", "index.handle"]
    assert context["function"]["memory"] == ["int", 256]
    assert context["function"]["timeout"] == ["str", str(PATIENCE_SECONDS)]
    assert context["logger"] == ["NoneType", None]


def test_python310_context_has_credentials_and_service(tmp_path: Path) -> None:
    context = document(Sample(tmp_path).write(SHAPE).invoke())["context"]
    assert context["credentials"]["access_key_id"] == ["str", "STS.NULocalCloudRole"]
    assert context["credentials"]["security_token"] == ["str", "local-role-token-not-a-real-one"]
    assert set(context["service"]) == {"name", "log_project", "log_store", "qualifier", "version_id"}
    assert set(context["tracing"]) == {"span_context", "jaeger_endpoint", "span_baggages"}
    assert context["requestId"] == context["request_id"]
    assert context["retry_count"] == ["NoneType", None]
    assert "getLogger" not in context


def test_python312_context_has_a_logger_but_no_credentials(tmp_path: Path) -> None:
    context = document(Sample(tmp_path, runtime="python3.12").write(SHAPE).invoke())["context"]
    assert not {"credentials", "service", "tracing", "retry_count", "requestId"} & set(context)
    assert set(context["function"]) == {"name", "handler", "memory", "timeout", "version_id", "qualifier"}
    assert context["getLogger"] == "callable"
    assert {"log_project", "log_store"} <= set(context)


ENVIRONMENT = """
    import json, os

    def handle(event, context):
        return json.dumps(dict(os.environ))
"""


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_environment_has_no_undocumented_fc_variables(
    tmp_path: Path, runtime: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEAKED_FROM_THE_SHELL", "1")
    declared = {"MINE": "yes", "FC_MINE": "lost", "_FC_MINE": "lost"}
    seen = document(Sample(tmp_path, runtime=runtime, environment=declared).write(ENVIRONMENT).invoke())
    assert seen["MINE"] == "yes"
    assert not {"FC_MINE", "_FC_MINE", "LEAKED_FROM_THE_SHELL"} & set(seen)
    assert seen["FC_FUNC_CODE_PATH"] == str(tmp_path)
    assert seen["FC_FUNCTION_NAME"] == "sample"
    assert ("ALIBABA_CLOUD_SECURITY_TOKEN" in seen) == (runtime == "python3.12")


@pytest.mark.parametrize(
    ("returned", "body"),
    [
        ("'text'", b"text"),
        ("'\\u4e2d'", "中".encode()),
        ("b'\\x00\\xff'", b"\x00\xff"),
        ("None", b"null"),
        ("{'b': [1], 'a': True}", b'{\n    "a": true,\n    "b": [\n        1\n    ]\n}'),
        ("__import__('decimal').Decimal('1.5')", b"1.5"),
        ("__import__('datetime').date(2026, 11, 23)", b'"2026-11-23"'),
    ],
)
def test_result_is_text_bytes_or_json(tmp_path: Path, returned: str, body: bytes) -> None:
    assert Sample(tmp_path).write(f"def handle(event, context):\n    return {returned}\n").invoke() == InvocationResult(
        "succeeded", body, b"FC Invoke Start RequestId: request-1\nFC Invoke End RequestId: request-1\n"
    )


def test_result_that_is_not_json_is_a_function_error(tmp_path: Path) -> None:
    result = Sample(tmp_path).write("def handle(event, context):\n    return object\n").invoke()
    assert (result.outcome, result.error_type) == ("failed", "TypeError")


def test_exception_becomes_a_json_error_with_a_stack_trace(tmp_path: Path) -> None:
    source = """
        def inner():
            raise ValueError("oops")

        def handle(event, context):
            inner()
    """
    result = Sample(tmp_path).write(source).invoke()
    assert result.outcome == "failed"
    file = f'File "{tmp_path}/index.py"'
    assert json.loads(result.body) == {
        "errorMessage": "oops",
        "errorType": "ValueError",
        "stackTrace": [
            [file, "line 6", "in handle", "inner()"],
            [file, "line 3", "in inner", 'raise ValueError("oops")'],
        ],
    }
    assert b"FC Invoke End RequestId: request-1, Error: Unhandled function error\n" in result.log


@pytest.mark.parametrize(
    ("source", "handler", "error_type", "message"),
    [
        ("import nowhere_to_be_found", "index.handle", "ImportModuleError", "Unable to import module 'index'"),
        ("def (", "index.handle", "UserCodeSyntaxError", "Syntax error in module 'index'"),
        ("1 / 0", "index.handle", "UserCodeError", "Module initialization error: 'division by zero'"),
        ("x = 1", "index.handle", "HandlerNotFound", "Handler 'handle' is missing on module 'index'"),
        ("x = 1", "other.handle", "ImportModuleError", "Unable to import module 'other'"),
    ],
)
def test_handler_that_cannot_be_loaded_has_the_error_of_fc(
    tmp_path: Path, source: str, handler: str, error_type: str, message: str
) -> None:
    result = Sample(tmp_path, handler=handler).write(source).invoke()
    error = json.loads(result.body)
    assert (result.outcome, error["errorType"], error["errorMessage"]) == ("failed", error_type, message)


@pytest.mark.parametrize("importing", ["from package.beside import WORD", "from .beside import WORD"])
def test_dotted_handler_is_found_in_a_package(tmp_path: Path, importing: str) -> None:
    sample = Sample(tmp_path, handler="package.deep.entry.handle")
    sample.write("", "package/__init__.py").write("", "package/deep/__init__.py")
    sample.write("WORD = 'found'", "package/deep/beside.py").write("WORD = 'found'", "package/beside.py")
    sample.write(f"{importing}\ndef handle(event, context):\n    return WORD\n", "package/deep/entry.py")
    assert sample.invoke().body == b"found"


def test_module_is_imported_once_at_the_first_invocation(tmp_path: Path) -> None:
    source = """
        print("imported")

        def handle(event, context):
            return "done"
    """

    async def twice(pool: InstancePool) -> list[str]:
        for request_id in ("one", "two"):
            await pool.invoke(b"", request_id, "Sync")
        return [f"{line['requestId']}: {line['line']}" for line in pool.logs.recent()]

    lines = Sample(tmp_path).write(source).run(twice)
    assert [line for line in lines if "imported" in line] == ["one: imported"]


def test_root_logger_writes_the_format_of_fc(tmp_path: Path) -> None:
    source = """
        import logging, sys

        def handle(event, context):
            logging.getLogger("mine").info("hello")
            logging.getLogger("mine").debug("too quiet")
            sys.stderr.write("to stderr\\n")
            print("no newline", end="")
    """
    lines = Sample(tmp_path).write(source).invoke().log.decode().splitlines()
    assert lines[0] == "FC Invoke Start RequestId: request-1"
    stamp, request_id, level, message = lines[1].split(" ")
    assert (len(stamp), stamp[-1], request_id, level, message) == (24, "Z", "request-1", "[INFO]", "hello")
    assert lines[2:] == ["to stderr", "no newlineFC Invoke End RequestId: request-1"]


def test_function_cannot_import_the_local_cloud(tmp_path: Path) -> None:
    source = """
        import json, sys

        def handle(event, context):
            ours = [name for name in sys.modules if name.split(".")[0] in {"express_sync", "handler"}]
            return json.dumps({"first": sys.path[0], "ours": ours})
    """
    assert document(Sample(tmp_path).write(source).invoke()) == {"first": str(tmp_path), "ours": []}
