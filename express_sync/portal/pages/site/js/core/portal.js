// The operations of the portal's HTTP API that the views use, and the documents they return.

import { call, get } from "./api.js";

const PAGE = 25;

/** Return what a request must look like. */
export const schema = once((signal) => get("v1/schemas/provision-request.v1.json", {}, signal));

/** Return who the reader is and which cloud the portal belongs to: `{name, operator, local}`. */
export async function session() {
  const { local, identity } = await get("v1/config");
  return { local, operator: identity.role === "operator", name: identity.name };
}

/** Submit a request. ApiError 409: the id belongs to other content; 422: violations. */
export const submit = (request, signal) => call("POST", "v1/requests", { body: request, signal });

/** Return the violations in the error of a submission. */
export const violationsOf = ({ problem }) => problem.violations ?? [];

/** Return one page of requests: `{requests, nextCursor}`. */
export const requests = (filters, signal) => get("v1/requests", { limit: PAGE, ...filters }, signal);

/** Return everything known about a request. */
export const request = (id, signal) => get(`v1/requests/${encodeURIComponent(id)}`, {}, signal);

/** Send the request of a failure again; `options` are `{edits, force}`. */
export const replay = (id, options) => call("POST", `v1/requests/${encodeURIComponent(id)}/replay`, { body: options });

/** Return the failures, grouped by status and code. */
export const failures = (signal) => get("v1/failures", {}, signal);

/** Return what a replay of many would do; `wish` is `{filter, edits, force, ratePerSecond}`. */
export const previewReplays = async (wish) => (await call("POST", "v1/replays", { body: { ...wish, preview: true } })).body;

/** Replay all failures of a filter, in as many calls as it takes; what came meanwhile is left alone. */
export async function replayAll(wish) {
  let part = {};
  do {
    const progress = (await call("POST", "v1/replays", { body: { ...wish, ...part } })).body;
    part = { upTo: progress.upTo, cursor: progress.nextCursor };
  } while (part.cursor);
}

/** Return what would be discarded of `{filter}`; with `upTo` of such a preview, discard it. */
export const discard = async (wish) => (await call("POST", "v1/discards", { body: wish })).body;

/** Discard all failures that a preview counted, in as many calls as it takes. */
export async function discardAll(wish) {
  let left = true;
  while (left) {
    const { matched, discarded } = await discard(wish);
    left = discarded > 0 && discarded < matched;
  }
}

// The first result is kept; an error is not.
function once(load) {
  let kept = null;
  return async (signal) => {
    kept ??= await load(signal);
    return kept;
  };
}
