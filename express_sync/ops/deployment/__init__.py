"""Getting a stack of template.yml into an account, out of it again, and knowing how it is.

    deploying        the steps: look, package into OSS, stack into ROS, wait
    destroying       the steps back, and what is left after them
    examining        how a stack is
    plan             what a deployment would do, decided before it does anything
    watching         waiting for a stack, event by event
    stack            what ROS says of a stack, and what each of its states means to us
    ros, oss         the two services, through their official SDKs
    refusals         a service says no; which codes mean what
    failing          what is said then: what is wrong, what exists, what to do
    site             region, stack, endpoints, key and profile: where all this happens
    package_file, template_file   what is deployed, read and checked on this machine

The SDKs are imported when a service is first asked, so that no other command waits for them.
"""
