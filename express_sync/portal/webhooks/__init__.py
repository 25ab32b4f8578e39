"""Notifies webhook endpoints of outcomes, by the rules of Standard Webhooks (https://www.standardwebhooks.com).

`outbox` stores a delivery in the transaction that appends the outcome; `dispatcher` sends what is due until it is
accepted. A delivery is sent at least once, and always with the same `webhook-id`.
"""
