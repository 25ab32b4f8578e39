// The log of the function, the newest line first.

import { fill, h, reconcile } from "../core/dom.js";
import { t } from "../core/i18n.js";
import * as cloud from "../core/local_cloud.js";
import { commandLine, line } from "../parts/commands.js";
import { empty } from "../parts/feedback.js";
import { every, paused } from "../parts/timing.js";

const SHOWN = 300;
const HIDDEN = new Set(["event", "level", "timestamp", "request_id"]);

/** Show the lines, filtered while one types. */
export async function showLogs({ panel, query, signal }) {
  let all = [];
  const command = h("div");
  const search = h("input", { id: "log-filter", class: "input", type: "search", value: query.get("q") ?? "", autocomplete: "off", spellcheck: "false", oninput: paused(() => display(), 150) });
  const frame = h("section", { class: "card is-flush" });
  const display = () => {
    const wanted = search.value.trim().toLowerCase();
    const shown = all.filter((each) => each.line.toLowerCase().includes(wanted)).slice(0, SHOWN);
    reconcile(frame, [shown.length ? "list" : "none"], (each) => each, (each) => PARTS[each]());
    if (shown.length) reconcile(frame.querySelector("ol"), shown, ({ key }) => key, row);
    fill(command, commandLine(line("logs", "--follow", ...(search.value.trim() ? ["--request", search.value.trim()] : []))));
  };
  const refresh = async () => {
    all = (await cloud.logs(signal)).lines.map((each, index) => ({ ...each, key: `${each.requestId} ${index}` })).reverse();
    display();
  };
  await refresh();
  fill(panel, h("div", { class: "filters" }, h("div", { class: "filter is-wide" }, h("label", { for: "log-filter" }, t("local.filter")), search)), frame,
    h("section", { class: "card aside" }, h("h2", {}, t("command.title")), h("p", { class: "soft" }, t("command.logs")), command));
  every(2000, () => refresh().catch(() => {}), signal);
}

const PARTS = {
  list: () => h("ol", { class: "log", tabindex: "0", "aria-label": t("local.logs") }),
  none: () => empty("terminal", t("logs.none"), t("logs.none.text")),
};

function row({ line: text }) {
  const entry = parsed(text);
  if (!entry) return h("li", { class: "log-line soft" }, text);
  const details = Object.entries(entry).filter(([name, value]) => !HIDDEN.has(name) && value !== null);
  return h("li", { class: `log-line is-${entry.level}` },
    h("span", { class: "soft" }, String(entry.timestamp ?? "").slice(11, 23), " "), h("strong", {}, entry.event), " ",
    details.map(([name, value]) => h("span", { class: "log-pair" }, h("span", { class: "soft" }, `${name}=`), typeof value === "string" ? value : JSON.stringify(value), " ")));
}

function parsed(text) {
  try {
    const entry = JSON.parse(text);
    return typeof entry?.event === "string" ? entry : null;
  } catch {
    return null;
  }
}
