"""Resource Orchestration Service 2019-09-10, as far as deploying one stack needs it.

`app` composes: the gateway that it shares with `local.sgw` admits calls, `operations` reads their parameters, `stacks`
runs what they ask for, `control` is the tests' own door. It orchestrates nothing: resources only change their states.
"""
