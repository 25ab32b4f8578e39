"""The provisioning function: takes requests from a queue and publishes the outcome of each.

    entry         handle(event, context): reads the environment, opens connections, imports the rest meanwhile
    invocation    the composition root of one invocation, with the real clock and chance
    control       control commands ("drain this queue"), parsed and run; drain does it
    pipeline      deliveries -> verdicts -> settled outcomes, each isolated from the others
    settlement    publishes the outcomes of a case and requeues its request if it is deferred
    outcome       a verdict as the CloudEvent that publishes it
    inbound       event -> deliveries -> valid requests
    provisioning  one request -> one verdict: create, retry, look up
    sgw, smq      clients of Cloud Storage Gateway and MNS, over transport
    config, credentials, faults, log, model, strict_xml

Importing these modules needs no environment and opens no connection.
"""
