"""The triggers: one pushes messages of a queue to the function, as EventBridge does for FC; the other is a timer."""
