"""Resource Orchestration Service 2019-09-10, as far as deploying one stack needs it.

`app` serves: `express_sync.local.openapi` admits calls, `operations` reads their parameters, `stacks` runs them. It
creates no resources: they only change their states.
"""
