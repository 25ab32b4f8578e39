"""The official SDKs for Java, Go and PHP, replayed byte for byte.

The requests were recorded while the SDKs, built from their sources, completed a round against the local cloud. Only the
kernel's version in the User-Agent was removed. Their registries are not needed to run this.
"""

from pathlib import Path

import pytest

from tests.local.conformance.replay import RECORDINGS, exchanges_of, replayed

EACH = pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)


@EACH
def test_sdk_gets_the_recorded_answers(path: Path) -> None:
    """A receipt handle of the recording is of a message that does not exist here; its endpoint is `127`'s."""
    exchanges = exchanges_of(path)
    subscribed = next(each["request"] for each in exchanges if "<Subscription" in each["request"])
    assert ":127:queues/" in subscribed
    with replayed(exchanges) as (_, answers):
        for exchange, (status, body) in zip(exchanges, answers, strict=True):
            line = exchange["request"].splitlines()[0]
            if "ReceiptHandle" in exchange["request"]:
                assert (status, b"MessageNotExist" in body) == (404, True), (line, body)
            else:
                assert status == exchange["status"] or {status, exchange["status"]} == {201, 204}, (line, body)
        assert any(b"<MessageBody>news</MessageBody>" in body for _, body in answers)
