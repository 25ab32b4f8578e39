'use strict';

// The round of the test command, with the arguments that it takes.

const fs = require('node:fs');

const { accountId, accessKeyId, accessKeySecret, mns } = JSON.parse(fs.readFileSync(0, 'utf8'));
process.argv.push(mns.endpoint, accessKeyId, accessKeySecret, accountId);
require('./round');
