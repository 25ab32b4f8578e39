"""The function of a deployment as it runs locally."""

from dataclasses import dataclass

from express_sync.local.account import Account
from express_sync.local.crash_points import CrashPoints
from express_sync.local.fc.async_invocations import AsyncInvocations, Pause, failure_destination
from express_sync.local.fc.code_checksum import code_summary
from express_sync.local.fc.description import Description
from express_sync.local.fc.instance_pool import Code, InstancePool
from express_sync.local.fc.kill_switch import KillSwitch
from express_sync.local.mns.engine.message_service import MessageService
from express_sync.local.template.deployment import Deployment, Function


@dataclass(frozen=True, slots=True)
class Runtime:
    """A running function: its instances, its asynchronous invocations, and how the API describes it."""

    pool: InstancePool
    async_invocations: AsyncInvocations
    kill_switch: KillSwitch
    description: Description

    async def stop(self) -> None:
        """Cancel asynchronous invocations and end every instance."""
        await self.async_invocations.cancel()
        await self.pool.stop()


def run_function(
    deployment: Deployment,
    function: Function,
    code: Code,
    *,
    account: Account,
    messages: MessageService,
    crash_points: CrashPoints,
    pause: Pause,
) -> Runtime:
    """Run the `function`, which may differ from that of the `deployment` in its environment and runtime."""
    pool = InstancePool(function, account, code)
    on_failure = failure_destination(deployment, account, messages)
    shown = {name: function.environment[name] for name in deployment.function.environment}
    return Runtime(
        pool=pool,
        async_invocations=AsyncInvocations(pool, pause, deployment.async_policy.retries, on_failure),
        kill_switch=KillSwitch(pool, crash_points),
        description=Description(
            function,
            shown,
            (*deployment.triggers, *deployment.timers),
            account,
            code_summary(code.directory, function.handler),
        ),
    )
