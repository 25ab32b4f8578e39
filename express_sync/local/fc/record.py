"""The record of an asynchronous call that failed for good, as Function Compute puts it into a destination; pure.

Reproduces the documented fields. Unknown: which word stands for what under `condition` (documented is only
`FunctionResourceExhausted`; here it is the type of the error, as under `functionError`), and how an event that is not
UTF-8 is written; here with replacement characters. Must not know where the record goes.
"""

import json

from express_sync.local.fc.result import UNHANDLED, Answer


def failure_record(arn: str, request_id: str, event: bytes, answer: Answer, *, tries: int, now: float) -> str:
    """The record of the call's last `answer`; `now` in seconds since the epoch."""
    record = {
        "timestamp": int(now * 1000),
        "requestContext": {
            "requestId": request_id,
            "functionArn": arn,
            "condition": UNHANDLED,
            "approximateInvokeCount": tries,
        },
        "requestPayload": event.decode("utf-8", "replace"),
        "responseContext": {"statusCode": 200, "functionError": UNHANDLED},
        "responsePayload": answer.body.decode("utf-8", "replace"),
    }
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))
