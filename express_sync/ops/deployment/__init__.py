"""Deploys template.yml as a stack, deletes it, and reports its state.

    deploy           the steps of a deployment: inspect, upload, create or update, wait
    destroy          the steps of a deletion, and what remains afterwards
    status           the state of a stack
    plan             what a deployment will do, decided before it does anything
    wait             waits for a stack and reports its events
    stack            stacks, resources and events of ROS, and the health that each state means
    ros, oss         clients of the two services, on their official SDKs
    errors           errors of the services and their explanations
    messages         error messages for failed deployments and deletions
    location         region, stack, endpoints, key and profile
    options          the options of the commands
    package_file, template_file   what is deployed, read and checked on this machine

The SDKs are imported when a service is first called, so that other commands start faster.
"""
