"""The resources of a template that the local cloud runs: queues, topic, subscriptions, function, its triggers.

Does not reproduce: resources of other types. Chosen: a property that changes how the function is run and that is not
reproduced here is an error, so that the local cloud never silently differs from the deployed stack.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from express_sync.local.account import Account
from express_sync.local.template.async_config import AsyncPolicy, async_policy
from express_sync.local.template.parser import TemplateError, parse
from express_sync.local.template.properties import Properties
from express_sync.local.template.queue_triggers import Trigger, queue_trigger
from express_sync.local.template.resolver import Stack
from express_sync.local.template.timers import Timer, timer


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """The queue for messages that were received more than `max_receive_count` times."""

    target_queue: str
    max_receive_count: int


@dataclass(frozen=True, slots=True)
class Queue:
    """ALIYUN::MNS::Queue; times in seconds, size in bytes."""

    name: str
    delay_seconds: int
    maximum_message_size: int
    message_retention_period: int
    visibility_timeout: int
    polling_wait_seconds: int
    logging_enabled: bool
    dead_letters: DeadLetters | None


@dataclass(frozen=True, slots=True)
class Topic:
    """ALIYUN::MNS::Topic; size in bytes."""

    name: str
    maximum_message_size: int


@dataclass(frozen=True, slots=True)
class Subscription:
    """ALIYUN::MNS::Subscription; `endpoint` as declared, `filter_tag` empty for every message."""

    topic: str
    name: str
    endpoint: str
    filter_tag: str
    notify_strategy: str
    notify_content_format: str

    @property
    def queue(self) -> str:
        """Return the queue of the endpoint."""
        return self.endpoint.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Function:
    """ALIYUN::FC3::Function; `memory` in MB, `timeout` in seconds."""

    name: str
    handler: str
    runtime: str
    memory: int
    timeout: int
    role: str
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Deployment:
    """All resources of one template that the local cloud runs."""

    queues: tuple[Queue, ...]
    topics: tuple[Topic, ...]
    subscriptions: tuple[Subscription, ...]
    function: Function
    async_policy: AsyncPolicy
    triggers: tuple[Trigger, ...]
    timers: tuple[Timer, ...]


def read_template(path: Path, account: Account, parameters: Mapping[str, str]) -> Deployment:
    """Read the template at `path`, `parameters` over its defaults. TemplateError for what cannot be resolved."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise TemplateError("the template is not UTF-8 text") from error
    return deployment_of(Stack(parse(text), account, parameters))


def deployment_of(stack: Stack) -> Deployment:
    """Return what a template with its parameters deploys. TemplateError for what cannot be run."""
    return Deployment(
        queues=tuple(_queue(each) for each in _resources(stack, "ALIYUN::MNS::Queue")),
        topics=tuple(_topic(each) for each in _resources(stack, "ALIYUN::MNS::Topic")),
        subscriptions=tuple(_subscription(each) for each in _resources(stack, "ALIYUN::MNS::Subscription")),
        function=_only_function(stack),
        async_policy=_async_policy(stack),
        triggers=tuple(queue_trigger(each) for each in _triggers(stack, "eventbridge")),
        timers=tuple(timer(each) for each in _triggers(stack, "timer")),
    )


def _triggers(stack: Stack, of_type: str) -> list[Properties]:
    triggers = _resources(stack, "ALIYUN::FC3::Trigger")
    return [each for each in triggers if each.choice("TriggerType", ("eventbridge", "timer")) == of_type]


def _resources(stack: Stack, of_type: str) -> list[Properties]:
    return [Properties(name, stack.properties(name)) for name in stack.resources(of_type)]


def _only_function(stack: Stack) -> Function:
    functions = _resources(stack, "ALIYUN::FC3::Function")
    if len(functions) != 1:
        raise TemplateError(f"the template has {len(functions)} ALIYUN::FC3::Function; run locally: exactly one")
    return _function(functions[0])


def _async_policy(stack: Stack) -> AsyncPolicy:
    configs = _resources(stack, "ALIYUN::FC3::AsyncInvokeConfig")
    return async_policy(configs[0]) if configs else AsyncPolicy()  # the only function may have one


def _queue(queue: Properties) -> Queue:
    return Queue(
        name=queue.text("QueueName"),
        delay_seconds=queue.number("DelaySeconds", 0),
        maximum_message_size=queue.number("MaximumMessageSize", 65536),
        message_retention_period=queue.number("MessageRetentionPeriod", 345600),
        visibility_timeout=queue.number("VisibilityTimeout", 30),
        polling_wait_seconds=queue.number("PollingWaitSeconds", 0),
        logging_enabled=queue.boolean("LoggingEnabled", default=False),
        dead_letters=_dead_letters(queue.map("DlqPolicy")),
    )


def _dead_letters(policy: Properties) -> DeadLetters | None:
    if not policy.boolean("Enabled", default=False):
        return None
    return DeadLetters(policy.text("DeadLetterTargetQueue"), policy.number("MaxReceiveCount"))


def _topic(topic: Properties) -> Topic:
    return Topic(topic.text("TopicName"), topic.number("MaximumMessageSize", 65536))


def _subscription(subscription: Properties) -> Subscription:
    subscription.choice("PushType", ("queue",), default="queue")
    return Subscription(
        topic=subscription.text("TopicName"),
        name=subscription.text("SubscriptionName"),
        endpoint=subscription.text("Endpoint"),
        filter_tag=subscription.text("FilterTag", ""),
        notify_strategy=subscription.text("NotifyStrategy", "BACKOFF_RETRY"),
        notify_content_format=subscription.text("NotifyContentFormat", "XML"),
    )


_UNSUPPORTED = ("InstanceLifecycleConfig", "Layers", "CustomRuntimeConfig", "CustomContainerConfig")
RUNTIMES = ("python3.10", "python3.12")


def _function(function: Properties) -> Function:
    for name in _UNSUPPORTED:
        function.absent(name)
    return Function(
        name=function.text("FunctionName"),
        handler=function.text("Handler"),
        runtime=function.choice("Runtime", RUNTIMES),
        memory=function.number("MemorySize", 128),
        timeout=function.number("Timeout", 3),
        role=function.text("Role", ""),
        environment=_environment(function.map("EnvironmentVariables")),
    )


def _environment(variables: Properties) -> dict[str, str]:
    return {name: variables.text(name) for name in variables.values}
