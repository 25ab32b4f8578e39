'use strict';

// One full round with @alicloud/mns against the endpoint in argv[2]; prints what it saw as one JSON object.
// The key comes as argv[3..4], the account as argv[5].

const Client = require('@alicloud/mns');

const [endpoint, accessKeyId, accessKeySecret, account] = process.argv.slice(2);
const client = new Client(account, { accessKeyId, accessKeySecret, endpoint });

async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    return error.name;
  }
  return null;
}

async function queues() {
  const created = await client.createQueue('npm-queue', { VisibilityTimeout: 40 });
  const again = await client.createQueue('npm-queue', { VisibilityTimeout: 40 });
  const differing = await refusal(client.createQueue('npm-queue', { VisibilityTimeout: 50 }));
  const changed = await client.setQueueAttributes('npm-queue', { DelaySeconds: 0, LoggingEnabled: true });
  const attributes = await client.getQueueAttributes('npm-queue');
  await client.createQueue('npm-queue-2');
  const firstPage = await client.listQueue('', 1, 'npm-');
  const listed = await client.listQueue('', 10, 'npm-');
  return {
    codes: [created.code, again.code, changed.code],
    location: created.headers.location,
    differing,
    attributes: attributes.body,
    firstPage: firstPage.body,
    listed: listed.body
  };
}

async function single() {
  const sent = await client.sendMessage('npm-queue', { MessageBody: 'einzeln, 单个', Priority: 3 });
  const peeked = await client.peekMessage('npm-queue');
  const received = await client.receiveMessage('npm-queue', 1);
  const changed = await client.changeMessageVisibility('npm-queue', received.body.ReceiptHandle, 60);
  const stale = await refusal(client.deleteMessage('npm-queue', received.body.ReceiptHandle));
  const deleted = await client.deleteMessage('npm-queue', changed.body.ReceiptHandle);
  const empty = await refusal(client.receiveMessage('npm-queue', 0));
  return {
    sent: sent.body,
    peeked: peeked.body,
    received: received.body,
    codes: [sent.code, peeked.code, received.code, changed.code, deleted.code],
    stale,
    empty
  };
}

async function batch() {
  const bodies = ['one', 'two', 'three'];
  const sent = await client.batchSendMessage('npm-queue', bodies.map((MessageBody) => ({ MessageBody })));
  const peeked = await client.batchPeekMessage('npm-queue', 16);
  const received = await client.batchReceiveMessage('npm-queue', 16, 1);
  const handles = received.body.map((message) => message.ReceiptHandle);
  const deleted = await client.batchDeleteMessage('npm-queue', handles.slice(0, 2));
  const partly = await client.batchDeleteMessage('npm-queue', handles.slice(1));
  return {
    sent: sent.body.length,
    peeked: peeked.body.map((message) => message.MessageBody),
    received: received.body.map((message) => message.MessageBody),
    codes: [sent.code, deleted.code, partly.code],
    partly: partly.body.map((error) => [error.ErrorCode, error.ReceiptHandle === handles[1]])
  };
}

async function topics() {
  const created = await client.createTopic('npm-topic', { MaximumMessageSize: 2048 });
  const changed = await client.setTopicAttributes('npm-topic', { MaximumMessageSize: 4096 });
  const attributes = await client.getTopicAttributes('npm-topic');
  const listed = await client.listTopic('', 10, 'npm-');
  const published = await client.publishMessage('npm-topic', { MessageBody: 'to nobody', MessageTag: 'tag' });
  return {
    codes: [created.code, changed.code, published.code],
    attributes: attributes.body,
    listed: listed.body,
    published: published.body
  };
}

async function refusals() {
  const strangers = { accessKeyId, accessKeySecret: 'not the secret', endpoint };
  const deleted = await client.deleteQueue('npm-queue');
  return {
    signature: await refusal(new Client(account, strangers).getQueueAttributes('npm-queue-2')),
    malformed: await refusal(client.sendMessage('npm-queue-2', { MessageBody: '<&' })),
    handle: await refusal(client.deleteMessage('npm-queue-2', 'no-handle')),
    deleted: deleted.code,
    gone: await refusal(client.getQueueAttributes('npm-queue'))
  };
}

async function main() {
  const report = {};
  for (const part of [queues, single, batch, topics, refusals]) {
    report[part.name] = await part();
  }
  process.stdout.write(JSON.stringify(report));
}

main().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
