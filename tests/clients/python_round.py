"""The official Python clients of sgw and FC, each a round that returns the operations it completed."""

from collections.abc import Mapping
from typing import Any

import fc2 as fc2_sdk
from alibabacloud_fc20230330 import models as fc_models
from alibabacloud_fc20230330.client import Client as FcClient
from alibabacloud_sgw20180511 import models as sgw_models
from alibabacloud_sgw20180511.client import Client as SgwClient

from tests.support.tea_config import tea_config

Ready = Mapping[str, Any]


def sgw(ready: Ready) -> None:
    """Create, find and delete a group."""
    client = SgwClient(tea_config(ready["sgw"]["endpoint"]))
    place = {"bucket_name": "python-bucket", "bucket_region": ready["region"]}
    created = client.create_express_sync(sgw_models.CreateExpressSyncRequest(name="python-group", **place)).body
    found = client.describe_express_syncs(sgw_models.DescribeExpressSyncsRequest()).body
    assert found.express_syncs.express_sync[0].express_sync_id == created.express_sync_id
    client.describe_shares_bucket_info_for_express_sync(sgw_models.DescribeSharesBucketInfoForExpressSyncRequest())
    deletion = sgw_models.DeleteExpressSyncRequest(express_sync_id=created.express_sync_id)
    task = client.delete_express_sync(deletion).body.task_id
    tasks = client.describe_tasks(sgw_models.DescribeTasksRequest(target_id=created.express_sync_id, task_id=task))
    assert tasks.body.tasks.simple_task[0].state_code == "task.state.completed"


def fc(ready: Ready) -> list[str]:
    """Describe, list and invoke the function by API version 2023-03-30."""
    client, name = FcClient(tea_config(ready["fc"]["endpoint"])), ready["fc"]["function"]
    assert client.get_function(name, fc_models.GetFunctionRequest()).body.function_name == name
    assert len(client.list_functions(fc_models.ListFunctionsRequest()).body.functions) == 1
    triggers = client.list_triggers(name, fc_models.ListTriggersRequest()).body.triggers
    assert client.get_trigger(name, triggers[0].trigger_name).body.trigger_type == triggers[0].trigger_type
    assert client.invoke_function(name, fc_models.InvokeFunctionRequest(body=b"{}")).status_code == 200
    return ["GetFunction", "GetTrigger", "InvokeFunction", "ListFunctions", "ListTriggers"]


def fc2(ready: Ready) -> list[str]:
    """Describe, list and invoke the function by API version 2016-08-15."""
    client = fc2_sdk.Client(
        endpoint=ready["fc"]["endpoint"],
        accessKeyID=ready["accessKeyId"],
        accessKeySecret=ready["accessKeySecret"],
    )
    name = ("express-sync", ready["fc"]["function"])
    assert client.get_function(*name).data["functionName"] == name[1]
    assert len(client.list_functions("express-sync").data["functions"]) == 1
    trigger = client.list_triggers(*name).data["triggers"][0]
    assert client.get_trigger(*name, trigger["triggerName"]).data["triggerType"] == trigger["triggerType"]
    client.invoke_function(*name, payload=b"{}", headers={})
    return ["GetFunction", "GetTrigger", "InvokeFunction", "ListFunctions", "ListTriggers"]
