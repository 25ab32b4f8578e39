"""The cloud on one machine: MNS, Cloud Storage Gateway, Function Compute and its queue trigger over real HTTP.

Nothing here is shipped, and nothing here imports the function or an SDK that calls it: the function is loaded only
through the Handler string in `template.yml`, so that what works here works because the protocol is right.
"""
