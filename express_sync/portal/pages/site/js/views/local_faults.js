// Fault switches of the local cloud; each ends by itself.

import { announce, fill, h, reconcile } from "../core/dom.js";
import { count, t } from "../core/i18n.js";
import * as cloud from "../core/local_cloud.js";
import { clock } from "../core/time.js";
import { commandLine, line } from "../parts/commands.js";
import { button, empty, notice } from "../parts/feedback.js";
import { every } from "../parts/timing.js";

const CREATE = { service: "sgw", operation: "CreateExpressSync" };
const SWITCHES = {
  passing: { ...CREATE, fault: "AssumeRoleFail" },
  role: { ...CREATE, fault: "RoleNotExist" },
  error: { ...CREATE, fault: "InternalError" },
  throttling: { ...CREATE, fault: "throttling" },
  lost: { ...CREATE, fault: "reset-after" },
  slow: { ...CREATE, fault: "slow:2000" },
  publish: { service: "mns", operation: "PublishMessage", fault: "unavailable" },
};
const SECONDS = [10, 30, 60, 300, 1800];
const OPERATIONS = { CreateExpressSync: "sgw", DescribeExpressSyncs: "sgw", PublishMessage: "mns", SendMessage: "mns", ReceiveMessage: "mns", DeleteMessage: "mns" };
const ALL = 10_000; // calls
const POINTS = ["create-sent", "create-answered", "publish-sent", "publish-answered", "requeue-answered"];

/** Show the active faults, the switches, a form for any other fault, and the kill switch. */
export async function showFaults({ panel, signal }) {
  const active = h("section", { class: "card is-flush" });
  const wrong = h("div", { class: "stack" });
  const act = async (action, text) => {
    fill(wrong);
    try {
      await action();
      announce(text);
      showActive(active, act);
    } catch (error) {
      fill(wrong, notice("bad", error.message));
    }
  };
  await cloud.lookAtFaults();
  fill(panel, wrong, active, switches(act), custom(act), killing(act));
  showActive(active, act);
  cloud.onFaults(() => signal.aborted || showActive(active, act));
  every(1000, () => countDown(active), signal);
}

function showActive(frame, act) {
  const rules = cloud.faultRules();
  reconcile(frame, rules.length ? ["head", "list"] : ["none"], (each) => each, (each) => PARTS[each](act));
  if (rules.length) reconcile(frame.querySelector("ul"), rules.map((each, index) => ({ ...each, index })), ({ index }) => index, rule);
}

const PARTS = {
  head: (act) => h("div", { class: "card-head" }, h("h2", {}, t("faults.active")), button(t("faults.clear"), () => act(cloud.clearFaults, t("faults.cleared")), "is-danger is-small", "trash")),
  list: () => h("ul", { class: "events" }),
  none: () => empty("succeeded", t("faults.none"), t("faults.none.text")),
};

const rule = ({ operation, name, faults, count: calls, left, until }) =>
  h("li", { class: "progress-row" },
    h("div", {}, h("strong", { class: "code" }, faults.join(", ")),
      h("span", { class: "sub" }, t("faults.rule", { operation, name }), calls < ALL ? ` · ${count("faults.left", left)}` : "")),
    until ? h("span", { class: "number", "data-until": until }, clock(new Date(until) - Date.now())) : h("span", { class: "soft" }, t("faults.endless")));

function countDown(frame) {
  for (const each of frame.querySelectorAll("[data-until]")) each.textContent = clock(new Date(each.dataset.until) - Date.now());
}

const seconds = (id) =>
  h("div", { class: "filter" }, h("label", { for: id }, t("faults.for")),
    h("select", { id, class: "input is-small" }, SECONDS.map((value) => h("option", { value, selected: value === 60 }, t(value < 60 ? "unit.s" : "unit.min", { value: value < 60 ? value : value / 60 })))));

function switches(act) {
  const chooser = seconds("fault-seconds");
  const time = () => Number(chooser.querySelector("select").value);
  const turnOn = ({ service, operation, fault }) => act(() => cloud.addFault({ service, operation, faults: [fault], count: ALL, seconds: time() }), t("faults.on", { fault }));
  const card = (name) => h("div", { class: "switch" },
    h("h3", {}, t(`faults.${name}`)), h("p", { class: "soft" }, t(`faults.${name}.text`)), h("p", {}, h("code", {}, SWITCHES[name].fault)),
    h("div", {}, button(t("faults.turn_on"), () => turnOn(SWITCHES[name]), "is-small")));
  return h("section", { class: "card stack" }, h("div", { class: "row is-apart" }, h("h2", {}, t("faults.switches")), chooser), h("div", { class: "tiles" }, Object.keys(SWITCHES).map(card)));
}

function custom(act) {
  const field = (name, control) => h("div", { class: "filter" }, h("label", { for: `fault-${name}` }, t(`faults.field.${name}`)), control);
  const command = h("div");
  const form = h("form", { class: "stack", onsubmit, oninput: () => showLine() },
    h("div", { class: "filters" },
      field("fault", h("input", { id: "fault-fault", name: "fault", class: "input", required: true, value: "InternalError", autocomplete: "off", spellcheck: "false" })),
      field("operation", h("select", { id: "fault-operation", name: "operation", class: "input" }, Object.keys(OPERATIONS).map((value) => h("option", { value }, value)))),
      field("name", h("input", { id: "fault-name", name: "name", class: "input", value: "*", autocomplete: "off", spellcheck: "false" })),
      field("count", h("input", { id: "fault-count", name: "count", class: "input", type: "number", min: "1", max: "10000", value: "1" })),
      field("seconds", h("input", { id: "fault-seconds-own", name: "seconds", class: "input", type: "number", min: "1", max: "86400", value: "60" })),
      h("button", { class: "button is-main" }, t("faults.turn_on"))),
    command);
  const values = () => Object.fromEntries(new FormData(form));
  const showLine = () => fill(command, commandLine(lineOf(values())));
  function onsubmit(event) {
    event.preventDefault();
    const { fault, operation, name, count, seconds: time } = values();
    act(() => cloud.addFault({ service: OPERATIONS[operation], operation, faults: [fault], name: name || "*", count: Number(count), seconds: Number(time) }), t("faults.on", { fault }));
  }
  form.querySelector("[for=fault-seconds]").htmlFor = "fault-seconds-own";
  showLine();
  return h("section", { class: "card stack" }, h("h2", {}, t("faults.custom")), form);
}

const lineOf = ({ fault, operation, name, count, seconds: time }) =>
  line("fault", fault, ...(operation === "CreateExpressSync" ? [] : ["--operation", operation]), ...(name && name !== "*" ? ["--name", name] : []), "--count", count, "--for", `${time}s`);

function killing(act) {
  const kill = (after) => act(() => cloud.kill(after), after ? t("faults.armed", { point: after }) : t("faults.killed"));
  return h("section", { class: "card stack" }, h("h2", {}, t("faults.kill")), h("p", { class: "soft" }, t("faults.kill.text")),
    h("div", { class: "row" }, button(t("faults.kill.now"), () => kill(), "is-danger is-small"), POINTS.map((point) => button(t("faults.kill.after", { point }), () => kill(point), "is-small"))),
    commandLine(line("kill", "--after", "create-sent")));
}
