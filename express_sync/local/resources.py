"""Creates in the local MNS the resources that a template declares."""

from express_sync.local.mns.engine.message_service import MessageService
from express_sync.local.mns.engine.queue import DeadLetterPolicy, QueueAttributes
from express_sync.local.template.deployment import Deployment, Queue


def create_resources(deployment: Deployment, messages: MessageService) -> None:
    """Create the deployment's queues, topics and subscriptions."""
    for queue in deployment.queues:
        messages.queues.create_queue(queue.name, _attributes(queue), _dead_letters(queue))
    for topic in deployment.topics:
        messages.topics.create_topic(topic.name, topic.maximum_message_size)
    for subscription in deployment.subscriptions:
        messages.topics.subscribe(
            subscription.topic,
            subscription.name,
            subscription.endpoint,
            filter_tag=subscription.filter_tag,
            notify_strategy=subscription.notify_strategy,
            notify_content_format=subscription.notify_content_format,
        )


def _attributes(queue: Queue) -> QueueAttributes:
    return QueueAttributes(
        delay_seconds=queue.delay_seconds,
        maximum_message_size=queue.maximum_message_size,
        message_retention_period=queue.message_retention_period,
        visibility_timeout=queue.visibility_timeout,
        polling_wait_seconds=queue.polling_wait_seconds,
        logging_enabled=queue.logging_enabled,
    )


def _dead_letters(queue: Queue) -> DeadLetterPolicy | None:
    if queue.dead_letters is None:
        return None
    return DeadLetterPolicy(queue.dead_letters.target_queue, queue.dead_letters.max_receive_count)
