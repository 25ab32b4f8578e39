"""The portal service: submit requests, follow them, and replay failures, over HTTP, with a history in a database.

It is a reader of outcomes like any other: it takes them from a queue of its own, appends each to its database, and only
then deletes the message. Start at `service`, which composes everything.
"""
