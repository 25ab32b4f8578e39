"""The `express-sync` command line. It is not part of the deployed function.

    cli            finds the commands and maps how they end to exit codes
    commands/      one module for each command, and the options that several share
    terminal/      output, exit codes, option types, Ctrl-C
    targets/       which cloud a command acts on: profiles, credentials, the registered local cloud
    queues/        SMQ queues: batches, and leases of messages
    requests/      requests read from files
    outcomes/      outcomes read from the result queue, awaited and displayed
    replay/        failures from their sources, selected, displayed, and replayed to their destinations
    fc/            invocation of the function
    deployment/    deploys and deletes a stack of template.yml with ROS and OSS
    packaging/     builds the package of the function
    doctor/        checks a deployed system
    demo/          runs scenarios such as events/demo.json on a local cloud

It uses the contracts of the function (validation, outcomes, error codes), its request signatures and its SMQ client.
"""
