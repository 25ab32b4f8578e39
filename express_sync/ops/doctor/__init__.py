"""The checks of `express-sync doctor`: read-only, from credentials to buckets.

    checks         the table of checks
    health, endpoints, messaging, function, triggers, storage_gateway    the checks
    cloud          the cloud under inspection: sends each call once and keeps the response
    report         prints the findings
    finding        the result of a check: a mark, a message, a fix

To add a check, write a function from InspectedCloud to findings and add it to `checks.CHECKS`.
"""
