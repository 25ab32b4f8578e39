// Edits of the requests of a replay: a property and its new value.

import { fill, h, uniqueId } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { brokenRules, explain } from "../core/validate.js";
import { button } from "./feedback.js";
import { label } from "./form.js";

const FIXED = new Set(["requestId", "requester"]);

/** Return `{element, edits(), options(), check()}`; `request` gives the present values, `changed` is called after edits. */
export function editor(schema, request, changed) {
  const names = Object.keys(schema.properties).filter((name) => !FIXED.has(name));
  const rows = [];
  const list = h("div", { class: "stack" });
  const add = () => {
    const row = editRow(schema, names, request, changed, () => remove(row));
    rows.push(row);
    list.append(row.element);
    row.focus();
    changed();
  };
  const remove = (row) => {
    rows.splice(rows.indexOf(row), 1);
    row.element.remove();
    addButton.focus();
    changed();
  };
  const addButton = button(t("edit.add"), add, "is-small", "plus");
  const edits = () => Object.fromEntries(rows.filter((row) => !row.rule()).map((row) => [row.name(), row.value()]));
  return {
    element: h("div", { class: "stack" }, list, h("div", { class: "row" }, addButton)),
    edits,
    options: () => Object.entries(edits()).flatMap(([name, value]) => ["--set", `${name}=${value}`]),
    check: () => rows.every((row) => row.check()),
  };
}

function editRow(schema, names, request, changed, remove) {
  const id = uniqueId("edit");
  const error = h("p", { class: "field-error", id: `${id}-error` });
  const select = h("select", { id: `${id}-name`, class: "input", onchange: () => { input.value = request?.[select.value] ?? ""; changed(); } }, names.map((name) => h("option", { value: name }, label(schema, name))));
  const input = h("input", { id, class: "input", value: request?.[names[0]] ?? "", autocomplete: "off", spellcheck: "false", "aria-describedby": `${id}-error`, oninput: () => changed() });
  const element = h("div", { class: "field" }, h("div", { class: "filters" },
    h("div", { class: "filter" }, h("label", { for: `${id}-name` }, t("edit.property")), select),
    h("div", { class: "filter is-wide" }, h("label", { for: id }, t("edit.value")), input),
    button(t("edit.remove"), remove, "is-quiet", "trash")), error);
  const property = () => schema.properties[select.value];
  const rule = () => (input.value === "" && schema.required.includes(select.value) ? "required" : brokenRules(property(), input.value)[0]);
  const check = () => {
    const broken = rule();
    element.classList.toggle("is-wrong", Boolean(broken));
    input.setAttribute("aria-invalid", String(Boolean(broken)));
    fill(error, broken ? explain(property(), select.value, broken) : "");
    if (broken) input.focus();
    return !broken;
  };
  return { element, rule, check, name: () => select.value, value: () => input.value, focus: () => select.focus() };
}

/** Return `{element, isOn(), options()}`: whether errors that the same request meets again are replayed, too. */
export function forceBox(retryable, changed) {
  const id = uniqueId("force");
  const box = h("input", { id, type: "checkbox", class: "check", onchange: () => changed() });
  const isOn = () => Boolean(retryable) || box.checked;
  const element = retryable ? null : h("div", { class: "choice" }, box, h("label", { for: id }, t("replay.force")));
  return { element, isOn, options: () => (box.checked ? ["--force"] : []) };
}

/** Return the sentences of a problem document of a replay. */
export function problemText({ message, problem = {} }) {
  if (problem.type?.endsWith(":terminal-error")) return t("replay.refused");
  return [message, ...(problem.violations ?? []).map(({ path, message: rule }) => `${path} ${rule}`)].join(" ");
}
