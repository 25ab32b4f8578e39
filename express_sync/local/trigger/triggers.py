"""All triggers of one local cloud."""

import asyncio

from express_sync.local.account import Account
from express_sync.local.mns.engine.queue_service import QueueService
from express_sync.local.template.deployment import Deployment
from express_sync.local.trigger.queue_trigger import Push, QueueTrigger, ScaledClock
from express_sync.local.trigger.timer import Accept, TimerTrigger


class Triggers:
    """Queue triggers and timers, which run from `start` to `cancel`."""

    def __init__(self, account: Account, queues: QueueService, clock: ScaledClock) -> None:
        self.queue_triggers: list[QueueTrigger] = []
        self.timers: list[TimerTrigger] = []
        self._account = account
        self._queues = queues
        self._clock = clock
        self._running: list[asyncio.Task[None]] = []

    def start(self, deployment: Deployment, push: Push, accept: Accept) -> None:
        """Run the triggers of `deployment`: those of queues with `push`, timers with `accept`."""
        for trigger in deployment.triggers:
            self.queue_triggers.append(QueueTrigger(trigger, self._account, self._queues, push, self._clock))
        for timer in deployment.timers:
            self.timers.append(TimerTrigger(timer, accept, self._clock))
        runs = [each.run for each in self.queue_triggers] + [each.run for each in self.timers]
        self._running = [asyncio.create_task(run()) for run in runs]

    async def cancel(self) -> None:
        """Stop all triggers."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
