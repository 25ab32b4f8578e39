"""What people run: the `express-sync` command line. Never shipped with the function.

    cli            the commands together, and how a process of them ends
    commands/      one module for each command: its options, its help, what it prints
    target         which cloud a command acts on, and the leave to change anything there
    profiles, registration   where targets are described: profile files, the `up` of this checkout
    deployment/    a stack of template.yml into an account and out of it, with ROS and OSS
    diagnosis/     what `doctor` finds out
    submissions, outcomes, scenario   requests from files, verdicts from the result queue, what the demo plays
    drill/         the outage drill of the demo, on a local cloud that `doors` bends and looks into
    invocation, show, problems        the call of the function, the look of things, what is said when one fails

Of the function it uses the contracts only: what is valid, what an outcome is, how a call is signed, how SMQ is met.
"""
