// The live events of the portal, as server-sent events over fetch: EventSource cannot send a bearer token.

import { reportReachable, send } from "./api.js";

const PAUSE = { first: 500, last: 15_000 };
const listeners = { event: new Set(), state: new Set() };
const KEPT = 200;
const entries = [];
const BACK = 50; // events before the last one seen that a reload shows again
const PLACE = "express-sync.position";
let lastEventId = afterReload();
let state = "connecting";

/** Call `listener(entry)` for each live event until `signal` aborts. */
export const onEvent = (listener, signal) => subscribe(listeners.event, listener, signal);

/** Call `listener(state)` after each change: "connecting", "open", "lost". */
export const onState = (listener, signal) => subscribe(listeners.state, listener, signal);

/** Return the last events received, the newest first. */
export const received = () => entries;

/** Return the state of the stream. */
export const streamState = () => state;

function subscribe(set, listener, signal) {
  set.add(listener);
  signal?.addEventListener("abort", () => set.delete(listener));
}

function change(to) {
  if (to === state) return;
  state = to;
  for (const listener of listeners.state) listener(to);
}

/** Read events for ever; after a lost connection go on with the event after the last one received. */
export async function follow() {
  let pause = PAUSE.first;
  for (;;) {
    if (await readOnce()) pause = PAUSE.first;
    change("lost");
    await interrupted(pause);
    pause = Math.min(pause * 2, PAUSE.last);
  }
}

// A reader who comes back to the tab or to the network should not have to wait.
const interrupted = (milliseconds) =>
  new Promise((resume) => {
    const wake = () => {
      clearTimeout(timer);
      removeEventListener("online", wake);
      document.removeEventListener("visibilitychange", wake);
      resume();
    };
    const timer = setTimeout(wake, milliseconds);
    addEventListener("online", wake);
    document.addEventListener("visibilitychange", wake);
  });

async function readOnce() {
  try {
    const answer = await send("GET", "v1/events", { headers: { Accept: "text/event-stream", ...resumed() } });
    if (!answer.ok || !answer.body) return false;
    change("open");
    await readAll(answer.body);
    return true;
  } catch {
    reportReachable(false);
    return state === "open";
  }
}

function afterReload() {
  const seen = Number(sessionStorage.getItem(PLACE));
  return seen ? String(Math.max(0, seen - BACK)) : "";
}

const resumed = () => (lastEventId ? { "Last-Event-ID": lastEventId } : {});

async function readAll(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  const parser = parserOf(dispatch);
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    parser(value);
  }
}

function dispatch({ id, data }) {
  if (id) {
    lastEventId = id;
    sessionStorage.setItem(PLACE, id);
  }
  const entry = parsed(data);
  if (!entry) return;
  entries.unshift(entry);
  entries.length = Math.min(entries.length, KEPT);
  for (const listener of listeners.event) listener(entry);
}

function parsed(data) {
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}

/** Return a function that takes pieces of a text/event-stream and calls `found` for each event in it. */
function parserOf(found) {
  let rest = "";
  let event = { id: "", data: [] };
  const line = (text) => {
    if (text === "") {
      if (event.data.length) found({ id: event.id, data: event.data.join("\n") });
      event = { id: "", data: [] };
    } else {
      const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(text);
      if (field === "id") event.id = value;
      if (field === "data") event.data.push(value);
    }
  };
  return (piece) => {
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    lines.forEach(line);
  };
}
