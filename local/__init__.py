"""The cloud on one machine: MNS, Cloud Storage Gateway, Function Compute and its queue trigger over real HTTP.

Nothing here is shipped, and nothing here knows the function it runs or the SDKs that call it: the function is
found only through the Handler string in `template.yml`, so what works here works because the protocol is right.
"""
