'use strict';

// Verifies the notifications that MNS pushes to an HTTP server. Needs Node 18 or newer and no package.
//
//   const verifier = new Verifier();
//   const reason = await verifier.refusal(request.method, request.url, request.headers, body);
//   if (reason) answer 403, and do nothing else; otherwise answer 204 within 5 seconds.
//
// The URL of the certificate comes from the caller, so all of it is compared before anything is fetched. A certificate
// is fetched again after an hour, because another can be put at the same URL.

const crypto = require('node:crypto');

const MAX_SKEW_MS = 15 * 60 * 1000;
const MAX_CERTIFICATES = 16;
const FETCH_MS = 3000;
const KEEP_MS = 60 * 60 * 1000;
// Not `new URL`, which would normalize what has to be compared as it was sent.
const URL_OF_MNS =
  /^https?:\/\/((?:mnstest\.oss-cn-hangzhou|mns-cert\.oss-[a-z0-9]+(?:-[a-z0-9]+)*)\.aliyuncs\.com(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+)$/;
const LOCAL_PATH = '/x509_public_certificate.pem';
const DATE = /^[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
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
    const sent = DATE.test(headers.date) ? Date.parse(headers.date) : NaN;
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
    const isFull = this.keys.size >= MAX_CERTIFICATES && !this.keys.has(url);
    if (url && !isFull && !(this.now() - this.keys.get(url)?.fetchedAt <= KEEP_MS)) {
      await this.remember(url);
    }
    return this.keys.get(url)?.key;
  }

  async remember(url) {
    try {
      const key = new crypto.X509Certificate(await this.fetch(url)).publicKey;
      if (key.asymmetricKeyType === 'rsa') {
        this.keys.set(url, { key, fetchedAt: this.now() });
      }
    } catch {
      // What was fetched before remains in use.
    }
  }

  url(encoded) {
    const text = BASE64.test(encoded) ? Buffer.from(encoded, 'base64').toString('latin1') : '';
    if (this.localOrigin && text === this.localOrigin + LOCAL_PATH) {
      return text;
    }
    const match = URL_OF_MNS.exec(text);
    return match ? `https://${match[1]}` : '';
  }
}

function isSigned(key, method, target, headers) {
  const names = Object.keys(headers).filter((name) => name.startsWith('x-mns-')).sort();
  const own = names.map((name) => `${name}:${headers[name]}`);
  const text = [method, ...SIGNED.map((name) => headers[name]), ...own, target].join('\n');
  if (!BASE64.test(headers.authorization)) {
    return false;
  }
  // Node reads headers as Latin-1, so these are the bytes that were received.
  return crypto.verify('RSA-SHA1', Buffer.from(text, 'latin1'), key, Buffer.from(headers.authorization, 'base64'));
}

module.exports = { Verifier };
