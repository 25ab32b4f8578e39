'use strict';

// Verifies the notifications that MNS pushes to an HTTP server. Needs Node 18 or newer and no package.
//
//   const verifier = new Verifier();
//   const reason = await verifier.refusal(request.method, request.url, request.headers, body);
//   if (reason) answer 403, and do nothing else; otherwise answer 204 within 5 seconds.
//
// The URL of the certificate comes from the caller, so its host is compared before anything is fetched.

const crypto = require('node:crypto');

const MAX_SKEW_MS = 15 * 60 * 1000;
const MAX_CERTIFICATES = 16;
const FETCH_MS = 3000;
const HOST = /^(mnstest\.oss-cn-hangzhou|mns-cert\.oss-[a-z0-9]+(-[a-z0-9]+)*)\.aliyuncs\.com$/;
const SIGNED = ['content-md5', 'content-type', 'date'];
const REQUIRED = [...SIGNED, 'authorization', 'x-mns-signing-cert-url'];

async function fetchCertificate(url) {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(FETCH_MS) });
  if (!response.ok) {
    throw new Error(`the certificate was answered with ${response.status}`);
  }
  return response.text();
}

class Verifier {
  // localOrigin, such as http://127.0.0.1:8700, is that of a local cloud; leave it out in production.
  constructor({ localOrigin = '', fetch = fetchCertificate, now = Date.now } = {}) {
    this.localOrigin = localOrigin;
    this.fetch = fetch;
    this.now = now;
    this.keys = new Map();
  }

  // Returns why the request must be refused, '' if it is a notification of MNS. headers are in lower case, body is a Buffer.
  async refusal(method, target, headers, body) {
    const absent = REQUIRED.find((name) => !headers[name]);
    if (absent) {
      return `The header ${absent} is missing.`;
    }
    const sent = Date.parse(headers.date);
    if (!(Math.abs(sent - this.now()) <= MAX_SKEW_MS)) {
      return 'The date is not within 15 minutes of now.';
    }
    const digest = crypto.createHash('md5').update(body).digest();
    const digests = [Buffer.from(digest.toString('hex')).toString('base64'), digest.toString('base64')];
    if (!digests.includes(headers['content-md5'])) {
      return 'The body does not match Content-MD5.';
    }
    const key = await this.key(headers['x-mns-signing-cert-url']);
    if (!key) {
      return 'The certificate is not from a host of MNS, or cannot be fetched.';
    }
    return isSigned(key, method, target, headers) ? '' : 'The signature does not match.';
  }

  async key(encoded) {
    const url = this.url(encoded);
    if (url && !this.keys.has(url) && this.keys.size < MAX_CERTIFICATES) {
      try {
        this.keys.set(url, new crypto.X509Certificate(await this.fetch(url)).publicKey);
      } catch {
        return undefined;
      }
    }
    return this.keys.get(url);
  }

  url(encoded) {
    const text = Buffer.from(encoded, 'base64').toString('latin1');
    if (this.localOrigin && text.startsWith(`${this.localOrigin}/`)) {
      return text;
    }
    // Not `new URL`, which would normalize what has to be compared as it was sent.
    const match = /^https?:\/\/([^/?#]*)(\/[^?#\s]*)?$/.exec(text);
    return match && HOST.test(match[1]) ? `https://${match[1]}${match[2] || ''}` : '';
  }
}

function isSigned(key, method, target, headers) {
  const own = Object.keys(headers).filter((name) => name.startsWith('x-mns-')).map((name) => `${name}:${headers[name]}`);
  const text = [method, ...SIGNED.map((name) => headers[name]), ...own.sort(), target].join('\n');
  return crypto.verify('RSA-SHA1', Buffer.from(text), key, Buffer.from(headers.authorization, 'base64'));
}

module.exports = { Verifier };
