'use strict';

// What the rounds share: node ROUND.js with a JSON object of the local cloud's ready object on standard input.

const assert = require('node:assert/strict');
const fs = require('node:fs');

function cloud() {
  return JSON.parse(fs.readFileSync(0, 'utf8'));
}

async function codeOf(promise, read) {
  try {
    await promise;
  } catch (error) {
    return read(error);
  }
  return '';
}

function run(main) {
  main(cloud()).then(() => process.exit(0), (error) => {
    console.error(error);
    process.exit(1);
  });
}

module.exports = { assert, codeOf, run };
