// Live events: outcomes as they come, the newest first.

import { fill, h, reconcile } from "../core/dom.js";
import { meaning, t } from "../core/i18n.js";
import { address, changeQuery, current } from "../core/router.js";
import { onEvent, received, streamState } from "../core/stream.js";
import { dateTime, timeOfDay } from "../core/time.js";
import { commandLine, line } from "../parts/commands.js";
import { button, empty, viewHead } from "../parts/feedback.js";
import { STATUSES, badge, statusWord } from "../parts/status.js";


/** Show the events received so far, and each further one as it comes. */
export async function show({ root, signal }) {
  const state = { paused: null };
  const list = h("ol", { class: "events", "aria-label": t("events.title") });
  const body = h("section", { class: "card is-flush" });
  const display = () => {
    const shown = (state.paused ?? received()).filter(matches(current().query.get("status")));
    if (!shown.length) return fill(body, empty("live", t("events.empty"), t(`events.empty.${streamState() === "open" ? "open" : "lost"}`)));
    if (!list.isConnected) fill(body, list);
    return reconcile(list, shown, ({ position }) => position, row);
  };
  const pause = button(t("events.pause"), () => {
    state.paused = state.paused ? null : [...received()];
    pause.setAttribute("aria-pressed", String(Boolean(state.paused)));
    display();
  });
  pause.setAttribute("aria-pressed", "false");
  fill(root, viewHead(t("events.title"), t("events.lead"), pause), chips(display), body,
    h("section", { class: "card aside" }, h("h2", {}, t("command.title")), h("p", { class: "soft" }, t("command.events")), commandLine(line("watch"))));
  onEvent(display, signal);
  display();
}

const matches = (status) => (entry) => !status || entry.status === status;

function chips(display) {
  const chosen = () => current().query.get("status") ?? "";
  const group = h("div", { class: "chips", role: "group", "aria-label": t("events.filter") });
  const chip = (status, text) => button(text, () => {
    changeQuery({ status });
    [...group.children].forEach((each) => each.setAttribute("aria-pressed", String(each.dataset.status === status)));
    display();
  }, "is-small");
  for (const [status, text] of [["", t("requests.any")], ...STATUSES.map((each) => [each, statusWord(each)])]) {
    const made = chip(status, text);
    made.dataset.status = status;
    made.setAttribute("aria-pressed", String(status === chosen()));
    group.append(made);
  }
  return group;
}

function row(entry) {
  const { requestId, occurredAt, status, kind, request, event, document } = entry;
  return h("li", { class: "is-new" },
    h("time", { class: "soft number", datetime: occurredAt, title: dateTime(occurredAt) }, timeOfDay(occurredAt)),
    h("div", {}, badge(status), ["replayed", "discarded"].includes(kind) ? h("span", { class: "sub" }, t(`timeline.${kind}`)) : null),
    h("div", {}, h("a", { href: address(["requests", requestId]) }, request.name ?? requestId),
      h("span", { class: "sub" }, h("span", { class: "mono" }, requestId), detail(event?.data ?? {}))),
    h("details", {}, h("summary", { class: "soft" }, t("events.raw")), h("pre", { class: "raw", tabindex: "0" }, JSON.stringify(event ?? document, null, 2))));
}

function detail({ error, expressSyncId, violations }) {
  if (error) return ` · ${error.code}: ${meaning(error)}`;
  if (expressSyncId) return ` · ${expressSyncId}`;
  return violations?.length ? ` · ${violations.map(({ path, message }) => `${path} ${message}`).join("; ")}` : "";
}
