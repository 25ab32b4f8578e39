"""The trigger: takes messages from a queue and pushes them to the function, as EventBridge does for FC."""
