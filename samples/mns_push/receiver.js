'use strict';

// Receives notifications: node receiver.js PORT [ORIGIN_OF_A_LOCAL_CLOUD]. Prints the body of each that is genuine.

const http = require('node:http');
const { Verifier } = require('./verifier');

const MAX_BYTES = 256 * 1024;
const [port, localOrigin] = process.argv.slice(2);
const verifier = new Verifier({ localOrigin });

async function bodyOf(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BYTES) {
      throw new Error('too large');
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const server = http.createServer(async (request, response) => {
  try {
    const body = await bodyOf(request);
    const reason = await verifier.refusal(request.method, request.url, request.headers, body);
    response.writeHead(reason ? 403 : 204).end();
    console.log(reason ? `refused: ${reason}` : `received: ${body.toString()}`);
  } catch {
    response.destroy();
  }
});

server.listen(Number(port), '127.0.0.1', () => console.log(`listening on ${server.address().port}`));
