// What the portal offers of a local cloud: queues, faults, calls, logs.

import { call, get } from "./api.js";

const ROOT = "v1/local";
const POLL = 2000; // milliseconds
const listeners = new Set();
let rules = [];

export const queues = (signal) => get(`${ROOT}/queues`, {}, signal);
export const messages = (queue, signal) => get(`${ROOT}/queues/${encodeURIComponent(queue)}`, {}, signal);
export const calls = (signal) => get(`${ROOT}/calls`, {}, signal);
export const logs = (signal) => get(`${ROOT}/logs`, {}, signal);
export const kill = (after) => call("POST", `${ROOT}/kill`, { body: after ? { after } : {} });

/** Return the fault rules that were active at the last look. */
export const faultRules = () => rules;

/** Call `listener` after each change of the rules. */
export const onFaults = (listener) => listeners.add(listener);

/** Look at the faults now. */
export async function lookAtFaults() {
  const found = (await get(`${ROOT}/faults`)).rules;
  const isChanged = JSON.stringify(found) !== JSON.stringify(rules);
  rules = found;
  if (isChanged) for (const listener of listeners) listener();
}

/** Queue a fault. */
export async function addFault(fault) {
  await call("POST", `${ROOT}/faults`, { body: fault });
  await lookAtFaults();
}

/** Remove all faults. */
export async function clearFaults() {
  await call("DELETE", `${ROOT}/faults`);
  await lookAtFaults();
}

/** Look at the faults for ever, so that every tab shows the banner. */
export async function watchFaults() {
  for (;;) {
    await lookAtFaults().catch(() => {}); // the banner of the lost connection tells it
    await new Promise((resume) => setTimeout(resume, POLL));
  }
}
