"""What `express-sync doctor` finds out about a cloud, without changing anything there.

    checks         the table of checks, each from a patient to findings
    access, messaging, function, calling, gateway    the checks, by what they look at
    patient        a cloud under examination: every question is asked once, every answer kept
    records, questions     how SMQ and the signed APIs are asked
    report         how the findings are told
    finding        what a check says: a mark, a sentence, a cure

To add a check: write a function from Patient to findings and name it in `checks.CHECKS`; how it is shown follows.
"""
