"""The provisioning function: requests from a queue in, one true verdict per request out.

    entry       handle(event, context): the composition root; the only place that meets clock, environment, network
    duties      orders -> what was done: pull drains a queue, redrive replays failures
    pipeline    deliveries -> verdicts -> published outcome events, each isolated from its neighbours
    provision   one request -> one verdict: create, back off, look before saying no
    envelope, orders, validation, answers, backoff, deferral, ownership, outcome, failures, replay, model   no effects
    sgw, topic, queue, smq, config, log   adapters: the API, result topic, request queue, MNS SDK, settings, log lines

Importing any of it needs no environment and opens nothing.
"""
