"""The local Simple Message Queue (MNS, API version 2015-06-06): queues, topics and subscriptions over real HTTP.

`engine` stores and delivers messages, `app` serves it over HTTP. To add an operation, write a function in one of the
modules of `operations` and add it to the table at the module's end.
"""
