"""The provisioning function: requests from a queue in, one true verdict per request out.

    entry       handle(event, context): the composition root; the only place that meets clock, environment, network
    pipeline    deliveries -> verdicts -> published outcome events, each isolated from its neighbours
    provision   one request -> one verdict: create, back off, look before saying no
    envelope, validation, answers, backoff, ownership, outcome, signature, model   pure, no effects
    sgw, topic, smq, config, log   adapters: the API, the result topic, the MNS SDK, settings, log lines

Importing any of it needs no environment and opens nothing.
"""
