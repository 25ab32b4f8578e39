"""The local Simple Message Queue (MNS, API version 2015-06-06): queues, topics and subscriptions over real HTTP.

`service` is the engine (no HTTP, no XML), `app` the wire around it. An operation is one function and one line of
the table at the end of `queue_operations`, `message_operations` or `topic_operations`.
"""
