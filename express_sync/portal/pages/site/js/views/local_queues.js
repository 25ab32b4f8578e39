// The queues of the local cloud, and a look at their messages that receives nothing.

import { fill, h, reconcile } from "../core/dom.js";
import { count, has, t } from "../core/i18n.js";
import * as cloud from "../core/local_cloud.js";
import { changeQuery } from "../core/router.js";
import { dateTime, number, relative } from "../core/time.js";
import { commandLine, line } from "../parts/commands.js";
import { empty } from "../parts/feedback.js";
import { every } from "../parts/timing.js";

const COUNTS = ["active", "inactive", "delayed"];

/** Show a tile for each queue, and the messages of the chosen one. */
export async function showQueues({ panel, query, signal }) {
  let chosen = query.get("queue") ?? "";
  const tiles = h("div", { class: "tiles" });
  const messages = h("section", { class: "card is-flush", "aria-label": t("local.messages") });
  const choose = (name) => {
    chosen = name;
    changeQuery({ queue: name });
    refresh().catch(() => {});
  };
  const refresh = async () => {
    const { queues } = await cloud.queues(signal);
    chosen ||= queues[0]?.name ?? "";
    reconcile(tiles, queues.map((each) => ({ ...each, isChosen: each.name === chosen })), ({ name }) => name, (each) => tile(each, choose));
    if (chosen) showMessages(messages, await cloud.messages(chosen, signal));
  };
  await refresh();
  fill(panel, tiles, messages, h("section", { class: "card aside" }, h("h2", {}, t("command.title")), h("p", { class: "soft" }, t("command.queues")), commandLine(line("doctor"))));
  every(2000, () => refresh().catch(() => {}), signal);
}

const tile = (queue, choose) =>
  h("button", { type: "button", class: "button tile", "aria-pressed": String(queue.isChosen), onclick: () => choose(queue.name) },
    h("span", { class: "tile-name" }, queue.name),
    h("span", { class: "figures" }, COUNTS.map((name) => h("span", {}, h("span", { class: "figure" }, number(queue[name])), h("span", { class: "sub" }, t(`local.${name}`))))));

function showMessages(frame, { queue, messages }) {
  reconcile(frame, ["head", messages.length ? "list" : "none"].map((part) => ({ part, queue })), ({ part }) => part, ({ part }) => PARTS[part](queue));
  if (messages.length) reconcile(frame.querySelector("ol"), messages, ({ messageId }) => messageId, message);
}

const PARTS = {
  head: (queue) => h("div", { class: "card-head" }, h("h2", {}, queue), h("span", { class: "soft" }, t("local.peek"))),
  list: () => h("ol", { class: "events" }),
  none: (queue) => empty("inbox", t("local.no_messages"), t(has(`local.about.${queue}`) ? `local.about.${queue}` : "local.no_messages.text")),
};

function message({ messageId, body, state, dequeueCount, enqueueTime, nextVisibleTime }) {
  return h("li", {},
    h("time", { class: "soft", title: dateTime(enqueueTime) }, relative(enqueueTime)),
    h("span", {}, h("span", { class: "badge" }, t(`local.${state}`)), dequeueCount ? h("span", { class: "sub" }, count("local.received", dequeueCount)) : null),
    h("div", {}, h("span", { class: "mono" }, messageId), state === "active" ? null : h("span", { class: "sub" }, t("local.visible", { time: dateTime(nextVisibleTime) }))),
    h("details", {}, h("summary", { class: "soft" }, t("local.body")), h("pre", { class: "raw", tabindex: "0" }, readable(body))));
}

/** Return a body as people read it: base64 decoded, JSON indented. */
function readable(body) {
  for (const text of [body, decoded(body)]) {
    try {
      return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      // not JSON in this form
    }
  }
  return body;
}

function decoded(body) {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(body), (each) => each.charCodeAt(0)));
  } catch {
    return body;
  }
}
