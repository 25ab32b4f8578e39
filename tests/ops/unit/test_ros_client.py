"""The client of ROS, over real connections."""

import json

import pytest

from express_sync.ops.deployment.errors import ServiceError
from express_sync.ops.deployment.ros import Stacks
from handler.credentials import Credentials
from tests.support.scripted_server import ScriptedServer, answer, sends_and_holds

REFUSAL = json.dumps({"Code": "Forbidden.RAM", "Message": "denied", "RequestId": "1", "HostId": "ros"}).encode()
NOTHING_FOUND = b'{"Stacks": []}'


@pytest.mark.parametrize(("status", "body"), [(200, NOTHING_FOUND), (403, REFUSAL)], ids=["answered", "refused"])
def test_connection_to_ros_is_closed_after_the_call(status: int, body: bytes) -> None:
    """Otherwise the traceback of an error keeps it open. This test would end by its timeout."""
    with ScriptedServer(sends_and_holds(answer(status, body, keep_alive=True))) as server:
        stacks = Stacks("cn-hangzhou", server.url, Credentials("LTAI5tAnybody", "secret"))
        if status == 200:
            assert stacks.find("express-sync") is None
        else:
            with pytest.raises(ServiceError, match=r"Forbidden\.RAM"):
                stacks.find("express-sync")
        server.wait_for_close()
