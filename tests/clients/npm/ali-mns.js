'use strict';

const AliMNS = require('ali-mns');
const { assert, codeOf, run } = require('./common');

// The client has no option for an endpoint, so the private addresses that it built are replaced.
function redirect(object, endpoint) {
  for (const name of Object.keys(object).filter((each) => each.startsWith('_url'))) {
    object[name] = object[name].replace(/^https?:\/\/[^/]+/, endpoint);
  }
  return object;
}

run(async ({ accountId, accessKeyId, accessKeySecret, mns }) => {
  const account = new AliMNS.Account(accountId, accessKeyId, accessKeySecret);
  account.setGA(false); // it would report to an analytics service
  const local = (object) => redirect(object, mns.endpoint);
  const service = local(new AliMNS.MNS(account, 'hangzhou'));
  await service.createP('alimns-queue', { VisibilityTimeout: 40 });
  const listed = await service.listP('alimns-', 10);
  assert.equal(listed.Queues.Queue.QueueURL, `${mns.endpoint}/queues/alimns-queue`);
  const queue = local(new AliMNS.MQ('alimns-queue', account, 'hangzhou'));
  await queue.setAttrsP({ VisibilityTimeout: 50 });
  assert.equal((await queue.getAttrsP()).Queue.VisibilityTimeout, '50');
  await queue.sendP('hello, 单 <&>');
  assert.equal((await queue.peekP()).Message.MessageBody, 'hello, 单 <&>');
  const received = await queue.recvP(1);
  assert.equal(received.Message.MessageBody, 'hello, 单 <&>');
  const reserved = await queue.reserveP(received.Message.ReceiptHandle, 60);
  await queue.deleteP(reserved.ChangeVisibility.ReceiptHandle);
  const batch = local(new AliMNS.MQBatch('alimns-queue', account, 'hangzhou'));
  await batch.sendP([new AliMNS.Msg('a'), new AliMNS.Msg('b')]);
  assert.equal((await batch.peekP(16)).Messages.Message.length, 2);
  const messages = (await batch.recvP(1, 16)).Messages.Message;
  await batch.deleteP(messages.map((each) => each.ReceiptHandle));
  const topics = local(new AliMNS.MNSTopic(account, 'hangzhou'));
  await topics.createTopicP('alimns-topic');
  assert.equal((await topics.listTopicP('alimns-', 10)).Topics.Topic.TopicURL, `${mns.endpoint}/topics/alimns-topic`);
  const topic = local(new AliMNS.Topic('alimns-topic', account, 'hangzhou'));
  await topic.setAttrsP({ MaximumMessageSize: 2048 });
  assert.equal((await topic.getAttrsP()).Topic.MaximumMessageSize, '2048');
  const endpoint = `acs:mns:cn-hangzhou:${accountId}:queues/alimns-queue`;
  await topic.subscribeP('alimns-subscription', endpoint, 'BACKOFF_RETRY', 'SIMPLIFIED');
  assert.match((await topic.listP('', 10)).Subscriptions.Subscription.SubscriptionURL, /alimns-subscription$/);
  const subscription = local(new AliMNS.Subscription('alimns-subscription', topic));
  assert.equal((await subscription.getAttrsP()).Subscription.Endpoint, endpoint);
  await subscription.setAttrsP({ NotifyStrategy: 'EXPONENTIAL_DECAY_RETRY' });
  await topic.publishP('news', true);
  assert.equal((await queue.recvP(1)).Message.MessageBody, 'news');
  await topic.unsubscribeP('alimns-subscription');
  await topics.deleteTopicP('alimns-topic');
  await service.deleteP('alimns-queue');
  assert.equal(await codeOf(queue.getAttrsP(), (error) => error.Error.Code), 'QueueNotExist');
});
