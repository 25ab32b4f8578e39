"""The template for Backstage's scaffolder: a form, and one call of the portal's API through Backstage's proxy.

The task's id is the requestId, so a task that is started again asks for the same; the user's entity is the requester.
The parameters have no `$id`, because forms keep compiled schemas by it, and no `additionalProperties`, because the
values of every step are validated together.
"""

from collections.abc import Mapping
from typing import Any

from tools.forms.ui_schemas import rjsf_field

_FROM_CONTEXT = {"requestId": "${{ context.task.id }}", "requester": "${{ user.ref }}"}


def template(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entity of the template."""
    fields = {name: each for name, each in schema["properties"].items() if name not in _FROM_CONTEXT}
    return {
        "apiVersion": "scaffolder.backstage.io/v1beta3",
        "kind": "Template",
        "metadata": {
            "name": "express-sync-group",
            "title": "Express synchronization group",
            "description": schema["description"],
            "tags": ["alibaba-cloud", "storage"],
        },
        "spec": {
            "type": "resource",
            "owner": "guests",
            "parameters": [
                {
                    "title": schema["title"],
                    "required": [name for name in schema["required"] if name in fields],
                    "properties": {name: {**each, **rjsf_field(name, each)} for name, each in fields.items()},
                }
            ],
            "steps": [
                {
                    "id": "submit",
                    "name": "Submit the request",
                    "action": "http:backstage:request",
                    "input": {
                        "method": "POST",
                        "path": "/proxy/express-sync/v1/requests",
                        "headers": {"content-type": "application/json"},
                        "body": {**_FROM_CONTEXT, **{name: f"${{{{ parameters.{name} }}}}" for name in fields}},
                    },
                }
            ],
            "output": {"text": [{"title": "Request ID", "content": _FROM_CONTEXT["requestId"]}]},
        },
    }
