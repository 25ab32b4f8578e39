'use strict';

const MNS = require('aliyun-mns');
const { assert, codeOf, run } = require('./common');

run(async ({ accountId, accessKeyId, accessKeySecret, mns }) => {
  const client = new MNS({
    accessKeyId,
    secretAccessKey: accessKeySecret,
    endpoint: mns.endpoint,
    apiVersion: '2015-06-06'
  });
  const queue = client.queue('aliyunmns-queue', { VisibilityTimeout: 40 });
  assert.equal((await queue.create()).status, 201);
  assert.equal((await queue.create(true)).status, 204);
  assert.equal((await queue.get()).VisibilityTimeout, '40');
  assert.deepEqual((await queue.list({ 'x-mns-prefix': 'aliyunmns-' })).queues, ['aliyunmns-queue']);
  const messages = queue.message();
  await messages.send('hello, 单');
  assert.equal((await messages.peek()).MessageBody, 'hello, 单');
  const received = await messages.receive(undefined, 1);
  const changed = await messages.visibility(received.ReceiptHandle, 60);
  assert.equal((await messages.delete(changed.ReceiptHandle)).status, 204);
  assert.equal((await messages.send(['a', 'b'])).status, 201);
  assert.equal((await messages.peek(16)).length, 2);
  const batch = await messages.receive(16, 1);
  // The elements of this request are named `receiptHandle`.
  assert.equal((await messages.delete(batch.map((each) => each.ReceiptHandle))).status, 204);
  const topic = client.topic('aliyunmns-topic', { MaximumMessageSize: 2048 });
  assert.equal((await topic.create()).status, 201);
  assert.equal((await topic.create(true)).status, 204);
  assert.equal((await topic.get()).MaximumMessageSize, '2048');
  assert.deepEqual((await topic.list({ 'x-mns-prefix': 'aliyunmns-' })).topics, ['aliyunmns-topic']);
  const subscription = topic.subscription('aliyunmns-subscription', {
    Endpoint: `acs:mns:cn-hangzhou:${accountId}:queues/aliyunmns-queue`,
    NotifyContentFormat: 'SIMPLIFIED'
  });
  assert.equal((await subscription.subscribe()).status, 201);
  assert.equal((await subscription.get()).SubscriptionName, 'aliyunmns-subscription');
  assert.equal((await subscription.list()).subscriptions.length, 1);
  await topic.message().publish('news');
  assert.equal((await messages.receive(undefined, 1)).MessageBody, 'news');
  await subscription.unsubscribe();
  await topic.delete();
  await queue.delete();
  assert.equal(await codeOf(queue.get(), (error) => error.Code), 'QueueNotExist');
});
