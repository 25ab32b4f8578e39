// What happened to a request, in the order of time: submissions, API calls, waits, deferrals, verdicts.

import { h } from "../core/dom.js";
import { count, meaning, t } from "../core/i18n.js";
import { dateTime, duration, timeOfDay } from "../core/time.js";
import { icon } from "./icons.js";
import { statusWord } from "./status.js";

/** Return the list of what happened: submissions, outcomes and replays in the order of the log, then what comes next. */
export function timeline(document) {
  const all = [...document.history].sort((one, other) => one.position - other.position);
  return h("ol", { class: "timeline" },
    document.historyIsCut ? item("accepted", "info", h("span", { class: "soft" }, t("timeline.cut"))) : null,
    all.map((each) => (each.kind === "outcome" ? outcome(each) : submission(each))), upcoming(document));
}

function item(status, iconName, title, at, ...content) {
  return h("li", { class: `is-${status}` },
    h("span", { class: "timeline-dot" }, icon(iconName)),
    h("div", { class: "timeline-head" }, title, at ? h("time", { datetime: at, title: at }, dateTime(at)) : null),
    content);
}

const ICONS = { replayed: "replay", discarded: "trash" };
const submission = ({ kind, occurredAt }) =>
  item("accepted", ICONS[kind] ?? "plus", h("strong", {}, t(`timeline.${kind}`)), occurredAt);

function upcoming({ status, nextAttemptAt }) {
  if (status === "accepted") return item("accepted", "wait", h("strong", {}, t("timeline.waiting")));
  if (status === "deferred" && nextAttemptAt) return item("deferred", "wait", h("strong", {}, t("timeline.next")), nextAttemptAt);
  return null;
}

function outcome({ event: { time, data } }) {
  return item(data.status, data.status, h("strong", {}, statusWord(data.status)), time,
    h("p", { class: "soft" }, summary(data)),
    data.error ? h("p", {}, h("span", { class: "code" }, data.error.code), " · ", meaning(data.error)) : null,
    data.violations?.length ? h("ul", {}, data.violations.map((each) => h("li", {}, h("code", {}, each.path), ` ${each.message}`))) : null,
    data.calls?.length ? calls(data.calls) : null);
}

function summary({ attempts, generation, timings }) {
  const parts = [
    generation ? count("timeline.generation", generation) : null,
    attempts ? count("timeline.attempts", attempts) : null,
    timings ? t("timeline.took", { time: duration(timings.elapsedMs) }) : null,
  ];
  return parts.filter(Boolean).join(" · ");
}

function calls(all) {
  return [strip(all), h("details", { class: "calls-details" }, h("summary", {}, count("timeline.calls", all.length)),
    h("ol", { class: "calls" }, all.flatMap((each) => [call(each), each.waitMs > 0 ? wait(each.waitMs) : null])))];
}

// A picture of the list below it: calls and waits in proportion to their time.
function strip(all) {
  const bar = h("div", { class: "strip", "aria-hidden": "true" });
  const piece = (kind, milliseconds) => {
    const made = h("i", { class: kind });
    made.style.flexGrow = String(Math.max(milliseconds, 1));
    made.style.flexBasis = "0";
    bar.append(made);
  };
  for (const each of all) {
    piece(kindOf(each), each.tookMs);
    if (each.waitMs > 0) piece("call-wait", each.waitMs);
  }
  return bar;
}

function kindOf({ operation, code }) {
  if (operation.startsWith("Describe")) return "call-look";
  return code === "OK" ? "call-ok" : "call-bad";
}

const call = ({ operation, code, at, tookMs }) =>
  h("li", {}, h("time", { datetime: at, class: "number" }, timeOfDay(at)), h("span", {}, `${operation} `, h("span", { class: "code" }, code)), h("span", { class: "took" }, duration(tookMs)));

const wait = (milliseconds) => h("li", { class: "wait" }, h("span"), h("span", {}, t("timeline.wait", { time: duration(milliseconds) })));
