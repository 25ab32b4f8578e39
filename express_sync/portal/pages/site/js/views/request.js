// One request: what its status means and what to do, the countdown to the next attempt, and what happened so far.

import { announce, fill, h, reconcile } from "../core/dom.js";
import { adviceOn, has, meaning, t } from "../core/i18n.js";
import * as portal from "../core/portal.js";
import { address } from "../core/router.js";
import { onEvent, onState } from "../core/stream.js";
import { clock, dateTime } from "../core/time.js";
import { commandLine, copyButton, line, submitLine } from "../parts/commands.js";
import { openDiscard } from "../parts/discard.js";
import { button, failure, linkButton, notice } from "../parts/feedback.js";
import { label } from "../parts/form.js";
import { replayButton } from "../parts/replay.js";
import { badge, statusWord } from "../parts/status.js";
import { timeline } from "../parts/timeline.js";
import { every, paused } from "../parts/timing.js";

/** Show the request of the address, and keep it current. */
export async function show({ root, segments, session, signal }) {
  const [, id] = segments;
  const schema = await portal.schema(signal);
  const view = h("div", { class: "stack" });
  let status;
  const display = (document) => {
    const sections = SECTIONS.map((name) => ({ name, document }));
    reconcile(view, sections, ({ name }) => name, ({ name }) => RENDER[name](document, { session, schema, refresh }));
    if (status && status !== document.status) announce(t("request.changed", { status: statusWord(document.status) }));
    status = document.status;
  };
  const refresh = async () => {
    try {
      display(await portal.request(id, signal));
    } catch (error) {
      if (signal.aborted) return;
      if (error.status !== 404 || !status) fill(view, head({ requestId: id }), failure(error, refresh));
    }
  };
  fill(root, view);
  const soon = paused(refresh, 100, signal);
  onEvent(({ requestId }) => requestId === id && soon(), signal);
  onState((state) => state === "open" && soon(), signal);
  await refresh();
  every(1000, () => countDown(view, soon), signal);
}

const SECTIONS = ["head", "hero", "history", "content", "commands", "raw"];
const RENDER = { head, hero, history, content, commands, raw };

function head({ requestId, request }) {
  return h("div", { class: "head" },
    h("div", {},
      h("p", {}, h("a", { href: "#/requests" }, t("request.back"))),
      h("h1", { tabindex: "-1" }, request?.name || requestId),
      h("p", { class: "row soft" }, h("span", { class: "mono" }, requestId), copyButton(requestId, t("request.copy_id")))));
}

function hero(document, { session, schema, refresh }) {
  const { status, nextAttemptAt } = document;
  return h("section", { class: `card hero is-${status}`, "aria-label": t("request.status") },
    h("div", {}, badge(status)),
    h("h2", { class: "hero-title" }, headline(document)),
    h("p", {}, todo(document)),
    status === "deferred" && nextAttemptAt ? countdown(nextAttemptAt) : null,
    facts(document),
    session.operator && document.latest?.data.error ? operatorHint(document.latest.data.error) : null,
    h("div", { class: "row" }, actions(document, schema, refresh)));
}

const headline = ({ status, latest }) => {
  const key = `headline.${status}.${latest?.data.disposition ?? ""}`;
  return t(has(key) ? key : `headline.${status}`);
};

/** Return what the requester should do: the advice on the code, or else that on the status. */
function todo({ status, latest }) {
  const own = status === "failed" ? adviceOn(latest?.data.error?.code).requester : undefined;
  return own ?? t(`todo.${status}`);
}

const operatorHint = ({ code, hint }) =>
  notice("info", h("p", {}, h("strong", {}, t("request.for_operator")), " ", h("span", { class: "code" }, code), " — ", adviceOn(code).operator ?? hint));

const countdown = (at) =>
  h("div", { class: "countdown", "data-until": at }, h("b", { class: "countdown-clock", role: "timer" }, clock(new Date(at) - Date.now())), h("span", {}, t("request.until", { time: dateTime(at) })));

function countDown(view, soon) {
  const shown = view.querySelector("[data-until]");
  if (!shown) return;
  const left = new Date(shown.dataset.until) - Date.now();
  shown.querySelector("b").textContent = left > 0 ? clock(left) : t("request.due");
  if (left <= 0) soon();
}

function facts({ latest, createdAt, updatedAt, request }) {
  const data = latest?.data ?? {};
  const rows = [
    ["fact.group", data.expressSyncId && h("span", { class: "mono" }, data.expressSyncId)],
    ["fact.code", data.error && h("span", { class: "code" }, data.error.code)],
    ["fact.reason", data.error && meaning(data.error)],
    ["fact.requester", request?.requester],
    ["fact.submitted", createdAt && dateTime(createdAt)],
    ["fact.updated", updatedAt && dateTime(updatedAt)],
  ];
  return h("dl", { class: "facts" }, rows.filter(([, value]) => value).map(([key, value]) => h("div", {}, h("dt", {}, t(key)), h("dd", {}, value))));
}

function actions({ requestId, status, request, latest, links }, schema, refresh) {
  const again = request ? linkButton(t("request.again"), address(["submit"], { from: requestId }), status === "rejected" ? "is-main" : "", "plus") : null;
  const mayReplay = links.replay && request;
  const discardButton = links.discard ? button(t("discard.one"), () => openDiscard({ requestIds: [requestId] }, refresh), "", "trash") : null;
  return [mayReplay ? replayButton({ requestId, request, schema, retryable: latest?.data.error?.retryable, done: refresh }) : null, discardButton, again];
}

function history(document) {
  return h("section", { class: "card" }, h("h2", {}, t("request.history")), timeline(document));
}

function content({ request }, { schema }) {
  if (!request) return h("span", { hidden: true });
  const names = Object.keys(schema.properties).filter((name) => name in request);
  const rows = names.map((name) => h("div", {}, h("dt", {}, label(schema, name)), h("dd", {}, String(request[name]))));
  return h("section", { class: "card" }, h("h2", {}, t("request.content")), h("dl", { class: "facts" }, rows));
}

function commands({ requestId, request, links }) {
  return h("section", { class: "card aside" }, h("h2", {}, t("command.title")),
    h("p", { class: "soft" }, t("command.watch")), commandLine(line("watch", "--request", requestId)),
    links.replay ? [h("p", { class: "soft" }, t("command.replay")), commandLine(line("replay", requestId, "--force", "--yes", "--wait"))] : null,
    links.discard ? [h("p", { class: "soft" }, t("command.discard")), commandLine(line("failures", "discard", requestId, "--yes"))] : null,
    request ? [h("p", { class: "soft" }, t("command.again")), commandLine(submitLine(request))] : null);
}

function raw(document) {
  const text = JSON.stringify(document, null, 2);
  return h("details", { class: "card" }, h("summary", {}, t("request.raw")),
    h("div", { class: "row is-apart" }, h("span"), copyButton(text, t("request.copy_raw"))), h("pre", { class: "raw", tabindex: "0" }, text));
}
