"""Resource Orchestration Service 2019-09-10, as far as deploying one stack needs it.

`app` composes: the admission rules of `express_sync.local.openapi` admit calls, `operations` reads their parameters,
`stacks` runs them. It orchestrates nothing: resources only change their states.
"""
