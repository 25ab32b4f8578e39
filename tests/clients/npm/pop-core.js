'use strict';

const { RPCClient } = require('@alicloud/pop-core');
const { assert, codeOf, run } = require('./common');

run(async ({ accessKeyId, accessKeySecret, sgw }) => {
  const client = new RPCClient({ accessKeyId, accessKeySecret, endpoint: sgw.endpoint, apiVersion: '2018-05-11' });
  const post = { method: 'POST' };
  const place = { BucketName: 'node-bucket', BucketRegion: 'cn-hangzhou', BucketPrefix: 'a b+*~/单' };
  const created = await client.request('CreateExpressSync', { Name: 'node-group', ...place }, post);
  const found = await client.request('DescribeExpressSyncs', { BucketName: 'node-bucket' });
  assert.equal(found.ExpressSyncs.ExpressSync[0].BucketPrefix, 'a b+*~/单');
  await client.request('DescribeSharesBucketInfoForExpressSync', {});
  const again = client.request('CreateExpressSync', { Name: 'node-group', ...place }, post);
  assert.equal(await codeOf(again, (error) => error.code), 'DuplicateExpressSyncName');
  const deleted = await client.request('DeleteExpressSync', { ExpressSyncId: created.ExpressSyncId }, post);
  const tasks = await client.request('DescribeTasks', { TargetId: created.ExpressSyncId, TaskId: deleted.TaskId });
  assert.equal(tasks.Tasks.SimpleTask[0].StateCode, 'task.state.completed');
  assert.equal(await codeOf(client.request('DescribeGateways', {}), (error) => error.code), 'NotEmulated');
});
