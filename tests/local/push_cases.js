'use strict';

// Reads a list of cases as JSON from standard input and prints what samples/mns_push/verifier.js says of each.

const { Verifier } = require('../../samples/mns_push/verifier.js');

async function main() {
  const { now, certificates, cases } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
  const fetched = [];
  const fetch = async (url) => {
    fetched.push(url);
    return certificates[url];
  };
  const reasons = [];
  for (const each of cases) {
    const verifier = new Verifier({ now: () => now * 1000, fetch });
    reasons.push(await verifier.refusal(each.method, each.target, each.headers, Buffer.from(each.body, 'base64')));
  }
  process.stdout.write(JSON.stringify({ reasons, fetched }));
}

main();
