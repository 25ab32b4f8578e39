// The calls that the services of the local cloud received, the newest first.

import { fill, h, reconcile } from "../core/dom.js";
import { t } from "../core/i18n.js";
import * as cloud from "../core/local_cloud.js";
import { dateTime, timeOfDay } from "../core/time.js";
import { empty } from "../parts/feedback.js";
import { every, paused } from "../parts/timing.js";

const SHOWN = 200;

/** Show the calls, filtered while one types. */
export async function showCalls({ panel, signal }) {
  let all = [];
  const search = h("input", { id: "call-filter", class: "input", type: "search", autocomplete: "off", spellcheck: "false", oninput: paused(() => display(), 150) });
  const frame = h("section", { class: "card is-flush" });
  const display = () => {
    const wanted = search.value.toLowerCase();
    const shown = all.filter((each) => Object.values(each).join(" ").toLowerCase().includes(wanted)).slice(0, SHOWN);
    reconcile(frame, [shown.length ? "table" : "none"], (each) => each, (each) => PARTS[each]());
    if (shown.length) reconcile(frame.querySelector("tbody"), shown, ({ key }) => key, row);
  };
  const refresh = async () => {
    all = (await cloud.calls(signal)).calls.map((each) => ({ ...each, key: each.requestId }));
    display();
  };
  await refresh();
  fill(panel, h("div", { class: "filters" }, h("div", { class: "filter is-wide" }, h("label", { for: "call-filter" }, t("local.filter")), search)), frame);
  every(2000, () => refresh().catch(() => {}), signal);
}

const PARTS = {
  table: () => h("div", { class: "table-frame" }, h("table", { class: "table is-cards" },
    h("thead", {}, h("tr", {}, ["time", "service", "operation", "resource", "code", "fault"].map((name) => h("th", { scope: "col" }, t(`calls.${name}`))))), h("tbody"))),
  none: () => empty("terminal", t("calls.none"), t("calls.none.text")),
};

function row({ time, service, operation, resource, code, fault }) {
  const cell = (name, text) => h("td", text ? { "data-label": t(`calls.${name}`) } : {}, text);
  return h("tr", {},
    h("td", { class: "is-tight number" }, h("time", { title: dateTime(time) }, timeOfDay(time))),
    cell("service", service), cell("operation", operation), cell("resource", resource),
    h("td", { class: "code", "data-label": t("calls.code") }, String(code)), cell("fault", fault));
}
