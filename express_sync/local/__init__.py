"""The cloud on one machine: MNS, Cloud Storage Gateway, Function Compute and its queue trigger over real HTTP.

Beside it, for tests of deploying, Object Storage Service and Resource Orchestration Service as far as that needs them.
Nothing here is shipped, and nothing here knows the function it runs or the SDKs that call it: the function is
found only through the Handler string in `template.yml`, so what works here works because the protocol is right.
"""
