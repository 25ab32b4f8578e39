"""The triggers: messages from a queue pushed to the function, as EventBridge does for FC, and timers."""
