'use strict';

const FC = require('@alicloud/fc2');
const { assert, codeOf, run } = require('./common');

run(async ({ accountId, accessKeyId, accessKeySecret, fc }) => {
  const { endpoint } = fc;
  const client = new FC(accountId, { accessKeyID: accessKeyId, accessKeySecret, region: 'cn-hangzhou', endpoint });
  const name = ['express-sync', fc.function];
  assert.equal((await client.getFunction(...name)).data.functionName, fc.function);
  assert.equal((await client.listFunctions('express-sync')).data.functions.length, 1);
  assert.ok((await client.listTriggers(...name)).data.triggers.length > 0);
  const [trigger] = (await client.listTriggers(...name)).data.triggers;
  assert.equal((await client.getTrigger(...name, trigger.triggerName)).data.triggerType, trigger.triggerType);
  const invalid = await client.invokeFunction(...name, JSON.stringify({ requestId: 'node-1' }));
  assert.equal(invalid.headers['x-fc-error-type'], undefined);
  const later = { 'x-fc-invocation-type': 'Async', 'x-fc-stateful-async-invocation-id': 'node-task' };
  await client.invokeFunction(...name, JSON.stringify({ requestId: 'node-2' }), later);
  const repeated = client.invokeFunction(...name, JSON.stringify({ requestId: 'node-2' }), later);
  assert.match(await codeOf(repeated, (error) => error.code), /AlreadyExists/);
  assert.match(await codeOf(client.listServices(), (error) => error.code), /NotEmulated/);
  console.log('GetFunction GetTrigger InvokeFunction ListFunctions ListTriggers');
});
