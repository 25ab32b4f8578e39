// A form made from the request schema: labels, help and messages from the catalogue, checked while one types.

import { fill, h, uniqueId } from "../core/dom.js";
import { formText, t } from "../core/i18n.js";
import { bytes, characters, explain, violations } from "../core/validate.js";
import { icon } from "./icons.js";

const LONG = new Set(["description"]);
const SUGGESTED = new Set(["bucketRegion"]); // the examples of the others are not meant to be taken

/**
 * Return `{element, document(), check(), show(serverViolations)}` for the properties `names` of `schema`.
 *
 * `check` returns whether the document is valid; else it shows what is wrong and moves the focus to the first wrong field.
 */
export function requestForm(schema, names, values = {}) {
  const fields = Object.fromEntries(names.map((name) => [name, field(schema, name, values[name] ?? "")]));
  const summary = h("div", { class: "summary", role: "alert" });
  const element = h("div", { class: "fields" }, summary, Object.values(fields).map((each) => each.element));
  const part = { ...schema, properties: pick(schema.properties, names) };
  const document = () => Object.fromEntries(names.map((name) => [name, fields[name].value()]).filter(([, value]) => value !== ""));
  const display = (found, others = []) => {
    for (const [name, each] of Object.entries(fields)) each.show(found[name]?.message ?? "");
    fill(summary, errorSummary(schema, fields, found, others));
    focusFirst(names, fields, found, summary, others);
  };
  return { element, document, check: () => checked(violations(part, document()), display), show: (all) => display(...sorted(schema, fields, all)) };
}

function checked(found, display) {
  display(found);
  return Object.keys(found).length === 0;
}

const pick = (object, names) => Object.fromEntries(names.map((name) => [name, object[name]]));

function focusFirst(names, fields, found, summary, others) {
  const first = names.find((name) => name in found);
  if (first) fields[first].focus();
  else if (others.length) summary.querySelector("[tabindex]")?.focus();
}

// Violations of the server: {path: "$.name", rule, message}; those of no field of this form are listed in the summary.
function sorted(schema, fields, all) {
  const found = {};
  const others = [];
  for (const each of all) {
    const name = each.path.replace(/^\$\.?/, "");
    if (name in fields) found[name] ??= { rule: each.rule, message: explain(schema.properties[name], name, each.rule, each.message) };
    else others.push(`${each.path}: ${each.message}`);
  }
  return [found, others];
}

function errorSummary(schema, fields, found, others) {
  const names = Object.keys(found);
  if (!names.length && !others.length) return [];
  const links = names.map((name) => h("li", {}, h("a", { href: `#${fields[name].id}`, onclick: focusing(fields[name]) }, found[name].message)));
  return h("div", { class: "notice is-bad", tabindex: "-1" },
    icon("warning"),
    h("div", {}, h("strong", {}, t("form.wrong")), h("ul", {}, links, others.map((text) => h("li", {}, text)))));
}

const focusing = (field) => (event) => {
  event.preventDefault();
  field.focus();
};

/** Return the label of a property in the reader's language. */
export const label = (schema, name) => formText(`${name}.label`) ?? schema.properties[name]?.title ?? name;

function field(schema, name, value) {
  const property = schema.properties[name];
  const required = schema.required.includes(name);
  const id = uniqueId(`field-${name}`);
  const ids = { id, help: `${id}-help`, error: `${id}-error`, count: `${id}-count` };
  const input = control(name, property, ids, required, value);
  const error = h("p", { class: "field-error", id: ids.error });
  const count = h("span", { class: "field-count", id: ids.count });
  const element = h("div", { class: "field" },
    h("label", { for: id }, label(schema, name), required ? null : h("span", { class: "optional" }, t("form.optional"))),
    h("p", { class: "field-help", id: ids.help }, formText(`${name}.description`) ?? property.description ?? ""),
    input,
    suggestions(name, property, ids),
    h("div", { class: "field-foot" }, error, count));
  return behaviour({ schema, name, property, input, error, count, element, id });
}

function control(name, property, ids, required, value) {
  const attributes = {
    id: ids.id, name, class: "input", value, autocomplete: "off", spellcheck: "false",
    placeholder: property.examples?.[0] ?? "",
    "aria-describedby": `${ids.help} ${ids.error} ${ids.count}`,
    "aria-required": required ? "true" : undefined,
    list: SUGGESTED.has(name) ? `${ids.id}-list` : undefined,
  };
  return LONG.has(name) ? h("textarea", { ...attributes, rows: "3", spellcheck: "true" }) : h("input", { ...attributes, type: "text" });
}

const suggestions = (name, property, ids) =>
  SUGGESTED.has(name) ? h("datalist", { id: `${ids.id}-list` }, property.examples.map((value) => h("option", { value }))) : null;

function behaviour({ schema, name, property, input, error, count, element, id }) {
  const value = () => input.value;
  const show = (message) => {
    input.setAttribute("aria-invalid", message ? "true" : "false");
    element.classList.toggle("is-wrong", Boolean(message));
    fill(error, message ? [icon("warning"), message] : []);
  };
  const check = () => show(violations({ ...schema, properties: { [name]: property } }, { [name]: value() })[name]?.message ?? "");
  const measure = () => fill(count, measured(property, value()));
  input.addEventListener("input", () => {
    measure();
    if (element.classList.contains("is-wrong") || isTooLong(property, value())) check();
  });
  input.addEventListener("change", check);
  measure();
  return { element, id, value, show, focus: () => input.focus() };
}

const isTooLong = (property, value) =>
  characters(value) > (property.maxLength ?? Infinity) || bytes(value) > (property["x-maxBytes"] ?? Infinity);

function measured(property, value) {
  if ("x-maxBytes" in property) return t("form.bytes", { used: bytes(value), limit: property["x-maxBytes"] });
  if ("maxLength" in property) return t("form.characters", { used: characters(value), limit: property.maxLength });
  return "";
}
