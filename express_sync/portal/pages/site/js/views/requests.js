// Requests: search by id, name or code; filters and the page are in the address.

import { fill, h, reconcile } from "../core/dom.js";
import { t } from "../core/i18n.js";
import * as portal from "../core/portal.js";
import { address, changeQuery, current } from "../core/router.js";
import { onEvent, onState } from "../core/stream.js";
import { dateTime, relative } from "../core/time.js";
import { empty, failure, linkButton, loading, viewHead } from "../parts/feedback.js";
import { icon } from "../parts/icons.js";
import { STATUSES, badge, statusWord } from "../parts/status.js";
import { paused } from "../parts/timing.js";

const FILTERS = ["q", "status", "code", "requester"];
const TYPING = 250; // milliseconds

/** Show the list with the filters of the address. */
export async function show({ root, session, signal }) {
  const list = h("section", { class: "card is-flush", "aria-label": t("requests.title") }, loading(6));
  const filters = filterBar(session, () => changed());
  fill(root,
    viewHead(t("requests.title"), session.operator ? t("requests.lead.all") : t("requests.lead.own"), linkButton(t("requests.new"), "#/submit", "is-main", "plus")),
    filters, list);
  const refresh = () => showPage(list, session, signal);
  const changed = () => {
    changeQuery(Object.fromEntries(new FormData(filters)));
    refresh();
  };
  const soon = paused(refresh, 300, signal);
  onEvent(soon, signal);
  onState((state) => state === "open" && soon(), signal);
  await refresh();
}

function filterBar(session, changed) {
  const { query } = current();
  const later = paused(changed, TYPING);
  const text = (name, kind = "text") => h("input", { id: `filter-${name}`, name, class: "input", type: kind, value: query.get(name) ?? "", oninput: later, autocomplete: "off", spellcheck: "false" });
  const labelled = (name, control) => h("div", { class: "filter" }, h("label", { for: `filter-${name}` }, t(`requests.${name}`)), control);
  const search = text("q", "search");
  search.placeholder = t("requests.q.hint");
  return h("form", { class: "filters", role: "search", onsubmit: (event) => { event.preventDefault(); changed(); } },
    h("div", { class: "filter is-wide" }, h("label", { for: "filter-q" }, t("requests.q")), h("div", { class: "search" }, icon("search"), search)),
    labelled("status", statusSelect(query.get("status"), changed)),
    labelled("code", text("code")),
    session.operator ? labelled("requester", text("requester")) : null);
}

const statusSelect = (chosen, changed) =>
  h("select", { id: "filter-status", name: "status", class: "input", onchange: changed },
    h("option", { value: "" }, t("requests.any")),
    STATUSES.map((each) => h("option", { value: each, selected: each === chosen }, statusWord(each))));

async function showPage(list, session, signal) {
  const { query } = current();
  try {
    const page = await portal.requests({ ...chosen(query), cursor: query.get("cursor") ?? "" }, signal);
    reconcile(list, page.requests.length ? ["table", "pages"] : ["none"], (each) => each, (each) => SHELL[each](query));
    if (!page.requests.length) return;
    reconcile(list.querySelector("tbody"), page.requests, ({ requestId }) => requestId, (each) => row(each, session));
    fill(list.querySelector(".pages"), pageLinks(page, query));
  } catch (error) {
    if (!signal.aborted) fill(list, failure(error, () => showPage(list, session, signal)));
  }
}

const chosen = (query) => Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? ""]));
const isFiltered = (query) => FILTERS.some((name) => query.get(name));

const SHELL = {
  table: () => h("div", { class: "table-frame" }, h("table", { class: "table is-cards" },
    h("thead", {}, h("tr", {}, ["request", "status", "bucket", "requester", "updated"].map((name) => h("th", { scope: "col" }, t(`requests.column.${name}`))))), h("tbody"))),
  pages: () => h("nav", { class: "pages row is-apart", "aria-label": t("requests.pages") }),
  none: (query) => isFiltered(query)
    ? empty("search", t("requests.none"), t("requests.none.text"), linkButton(t("requests.clear"), "#/requests?"))
    : empty("inbox", t("requests.empty"), t("requests.empty.text"), linkButton(t("requests.new"), "#/submit", "is-main", "plus")),
};

function row(each) {
  const cell = (name, ...content) => h("td", { "data-label": t(`requests.column.${name}`) }, content);
  return h("tr", {},
    h("td", {}, h("a", { class: "strong", href: address(["requests", each.requestId]) }, each.name || each.requestId), h("span", { class: "sub mono" }, each.requestId)),
    h("td", {}, badge(each.status), each.code ? h("span", { class: "sub code" }, each.code) : null),
    each.bucketName ? cell("bucket", each.bucketName, h("span", { class: "sub" }, [each.bucketRegion, each.bucketPrefix].filter(Boolean).join(" · "))) : h("td"),
    each.requester ? cell("requester", each.requester) : h("td"),
    h("td", { class: "is-tight", "data-label": t("requests.column.updated") }, h("time", { datetime: each.updatedAt, title: dateTime(each.updatedAt) }, relative(each.updatedAt))));
}

function pageLinks({ nextCursor }, query) {
  const link = (text, cursor) => h("a", { class: "button is-small", href: address(["requests"], { ...chosen(query), cursor }) }, text);
  return [query.get("cursor") ? link(t("requests.first"), "") : h("span"), nextCursor ? link(t("requests.next"), nextCursor) : h("span", { class: "soft" }, t("requests.end"))];
}
