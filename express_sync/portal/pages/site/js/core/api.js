// The client of the portal's HTTP API. Errors are problem documents (RFC 9457).

import { t } from "./i18n.js";
import { token } from "./token.js";

const listeners = new Set();
let reachable = true;

/** An answer that is not a success: `status`, and the members of its problem document. */
export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? t("error.status", { status }));
    this.name = "ApiError";
    this.status = status;
    this.problem = problem;
  }
}

/** The portal could not be reached. */
class Unreachable extends Error {}

/** Call `listener(reachable)` whenever the portal is lost or found again. */
export const onReachable = (listener) => listeners.add(listener);

/** Return whether the last call reached the portal. */
export const isReachable = () => reachable;

/** Note whether the portal can be reached; the stream of events reports it, too. */
export function reportReachable(value) {
  if (value === reachable) return;
  reachable = value;
  for (const listener of listeners) listener(value);
}

/** Send a request, and return the response whatever its status. Unreachable. */
export async function send(method, path, { query, body, headers = {}, signal } = {}) {
  const url = new URL(path.replace(/^\//, ""), document.baseURI);
  for (const [key, value] of Object.entries(query ?? {})) append(url.searchParams, key, value);
  const answer = await fetched(url, { method, signal, cache: "no-store", credentials: "same-origin", ...content(body, headers) });
  reportReachable(true);
  return answer;
}

async function fetched(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    reportReachable(false);
    throw new Unreachable(t("error.unreachable"));
  }
}

function append(parameters, key, value) {
  if (value !== undefined && value !== null && value !== "") parameters.append(key, value);
}

// A header has no other characters than these; the portal refuses a token that has.
const sendable = (text) => (/^[\x21-\x7e]+$/.test(text) ? text : encodeURIComponent(text));

function content(body, headers) {
  const all = { Accept: "application/json", ...headers };
  if (token()) all.Authorization = `Bearer ${sendable(token())}`;
  if (body === undefined) return { headers: all };
  return { headers: { "Content-Type": "application/json", ...all }, body: JSON.stringify(body) };
}

/** Send a request, and return `{status, headers, body}` of a success. ApiError, Unreachable. */
export async function call(method, path, options = {}) {
  const answer = await send(method, path, options);
  const body = await bodyOf(answer);
  if (answer.ok || answer.status === 304) return { status: answer.status, headers: answer.headers, body };
  throw new ApiError(answer.status, body ?? {});
}

/** Return the body of a GET. */
export const get = async (path, query, signal) => (await call("GET", path, { query, signal })).body;

async function bodyOf(answer) {
  try {
    return await answer.json();
  } catch {
    return null; // no content, or not the portal that answered
  }
}
