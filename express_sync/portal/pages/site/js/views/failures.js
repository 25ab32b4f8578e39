// Failures: grouped by code with what to do, and replay: choose, preview, edit, confirm, follow.

import { fill, h, reconcile } from "../core/dom.js";
import { adviceOn, count, t } from "../core/i18n.js";
import * as portal from "../core/portal.js";
import { address } from "../core/router.js";
import { onEvent, onState } from "../core/stream.js";
import { dateTime, number, relative } from "../core/time.js";
import { openBulkReplay } from "../parts/bulk_replay.js";
import { commandLine, line } from "../parts/commands.js";
import { openDiscard } from "../parts/discard.js";
import { button, empty, failure, linkButton, loading, viewHead } from "../parts/feedback.js";
import { progressOf } from "../parts/progress.js";
import { badge } from "../parts/status.js";
import { paused } from "../parts/timing.js";

/** Show the groups, and keep them current. */
export async function show({ root, signal }) {
  const schema = await portal.schema(signal);
  const groups = h("div", { class: "stack" }, h("div", { class: "card is-flush" }, loading(4)));
  const progress = h("div", { class: "stack" });
  const state = { open: new Map(), chosen: new Map(), schema, signal };
  const refresh = async () => {
    try {
      display(groups, (await portal.failures(signal)).groups, { ...state, refresh, follow });
    } catch (error) {
      if (!signal.aborted) fill(groups, failure(error, refresh));
    }
  };
  const follow = (followed) => {
    fill(progress, progressOf(followed, signal, () => fill(progress)));
    progress.querySelector("h2")?.focus();
  };
  fill(root, viewHead(t("failures.title"), t("failures.lead")), progress, groups,
    h("section", { class: "card aside" }, h("h2", {}, t("command.title")), h("p", { class: "soft" }, t("command.failures")), commandLine(line("failures", "list", "--by", "code"))));
  const soon = paused(refresh, 300, signal);
  onEvent(soon, signal);
  onState((to) => to === "open" && soon(), signal);
  await refresh();
}

function display(groups, found, context) {
  if (!found.length) {
    reconcile(groups, ["none"], (each) => each, () => h("div", { class: "card" }, empty("succeeded", t("failures.none"), t("failures.none.text"), linkButton(t("failures.requests"), "#/requests"))));
    return;
  }
  const shown = found.map((group) => ({ ...group, key: `${group.status} ${group.code}` }));
  reconcile(groups, shown, ({ key }) => key, (group) => groupCard(group, context));
}

function groupCard(group, context) {
  const body = h("div", { class: "group-body" });
  const isOpen = context.open.get(group.key) ?? false;
  const card = h("details", { class: "card is-flush group", open: isOpen },
    h("summary", {},
      h("span", { class: "group-count" }, number(group.count)),
      h("strong", { class: "code" }, group.code || t("failures.no_code")),
      badge(group.status),
      h("span", { class: "soft" }, t("failures.latest", { time: relative(group.latestAt) }))),
    body);
  const fillBody = () => {
    context.open.set(group.key, card.open);
    if (card.open && !body.hasChildNodes()) fill(body, groupBody(group, context));
  };
  card.addEventListener("toggle", fillBody);
  if (isOpen) fillBody();
  return card;
}

function groupBody(group, context) {
  const advice = adviceOn(group.code);
  const table = h("div", { class: "table-frame" }, loading(3));
  const chosen = chosenIn(group, context);
  const { status, code } = group;
  const done = (next) => (what) => {
    chosen.clear();
    return next(what);
  };
  const replayButton = button("", () => openBulkReplay({ group, ...context, chosen: [...chosen], follow: done(context.follow) }), "is-main", "replay");
  const discardButton = button("", () => openDiscard({ status, code, ...(chosen.size ? { requestIds: [...chosen] } : {}) }, done(context.refresh)), "", "trash");
  const buttons = [[replayButton, "replay.chosen", "replay.all"], [discardButton, "discard.chosen", "discard.all"]];
  const showChosen = () => {
    for (const [each, ofChosen, ofAll] of buttons) {
      each.lastChild.replaceWith(chosen.size ? count(ofChosen, chosen.size) : count(ofAll, group.count));
    }
  };
  replayButton.append("");
  discardButton.append("");
  showChosen();
  members(table, group, chosen, showChosen, context.signal);
  return [
    h("div", { class: "stack" }, h("h3", {}, t("failures.todo")), h("p", {}, advice.operator ?? group.hint ?? t("failures.unknown"))),
    h("div", { class: "row" }, replayButton, discardButton),
    table,
  ];
}

// The choice outlives another failure in the group, which replaces its card.
function chosenIn({ key }, { chosen }) {
  if (!chosen.has(key)) chosen.set(key, new Set());
  return chosen.get(key);
}

async function members(table, group, chosen, showChosen, signal, cursor = "") {
  try {
    const page = await portal.requests({ status: group.status, code: group.code, discarded: false, cursor }, signal);
    const extra = h("div", { class: "table-frame" });
    const showMore = () => {
      more.replaceWith(extra);
      members(extra, group, chosen, showChosen, signal, page.nextCursor);
    };
    const more = h("div", { class: "pages row" }, button(t("failures.more"), showMore, "is-small"));
    if (!cursor && !page.nextCursor) forget(chosen, page.requests, showChosen);
    fill(table, memberTable(page.requests, chosen, showChosen), page.nextCursor ? more : null);
  } catch (error) {
    if (!signal.aborted) fill(table, failure(error, () => members(table, group, chosen, showChosen, signal, cursor)));
  }
}

// Requests that have left the group meanwhile are not chosen any more.
function forget(chosen, present, showChosen) {
  const ids = new Set(present.map(({ requestId }) => requestId));
  for (const id of chosen) if (!ids.has(id)) chosen.delete(id);
  showChosen();
}

function memberTable(items, chosen, showChosen) {
  const choose = (id, checked) => {
    if (checked) chosen.add(id);
    else chosen.delete(id);
    showChosen();
  };
  const row = (each) => h("tr", {},
    h("td", { class: "is-tight" }, h("input", { type: "checkbox", class: "check", "aria-label": t("failures.choose", { id: each.requestId }), checked: chosen.has(each.requestId), onchange: (event) => choose(each.requestId, event.target.checked) })),
    h("td", {}, h("a", { class: "strong", href: address(["requests", each.requestId]) }, each.name || each.requestId), h("span", { class: "sub mono" }, each.requestId)),
    h("td", { "data-label": t("requests.column.requester") }, each.requester ?? ""),
    h("td", { class: "is-tight", "data-label": t("requests.column.updated") }, h("time", { datetime: each.updatedAt, title: dateTime(each.updatedAt) }, relative(each.updatedAt))));
  return h("table", { class: "table is-cards" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, h("span", { class: "unseen" }, t("failures.choose.column"))), ["request", "requester", "updated"].map((name) => h("th", { scope: "col" }, t(`requests.column.${name}`))))),
    h("tbody", {}, items.map(row)));
}
