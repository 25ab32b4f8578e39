// Checks a document against the request schema: flat, with the keywords that the schema uses.

import { formText, t } from "./i18n.js";

const encoder = new TextEncoder();

/** Return the length of `text` as the schema counts it: in characters, not in UTF-16 units. */
export const characters = (text) => [...text].length;

/** Return the length of `text` in bytes of UTF-8. */
export const bytes = (text) => encoder.encode(text).length;

// Keyword: whether `value` breaks the rule.
const RULES = {
  minLength: (value, limit) => characters(value) < limit,
  maxLength: (value, limit) => characters(value) > limit,
  "x-maxBytes": (value, limit) => bytes(value) > limit,
  pattern: (value, pattern) => !new RegExp(pattern, "u").test(value),
};

/** Return the rules that `value` breaks for the property, the first one first. */
export function brokenRules(property, value) {
  return Object.keys(RULES).filter((rule) => rule in property && RULES[rule](value, property[rule]));
}

/** Return the first violation of each property, as `{name: {rule, message}}`. Empty means not given. */
export function violations(schema, document) {
  const found = {};
  for (const [name, property] of Object.entries(schema.properties)) {
    const rule = ruleBroken(schema, name, property, document[name] ?? "");
    if (rule) found[name] = { rule, message: explain(property, name, rule) };
  }
  return found;
}

function ruleBroken(schema, name, property, value) {
  if (value === "") return schema.required.includes(name) ? "required" : undefined;
  return brokenRules(property, value)[0];
}

/** Return the sentence that explains a violation; `message` is what the server said, if it did. */
export function explain(property, name, rule, message) {
  const found = formText(`${name}.error.${rule}`) ?? formText(`error.${rule}`) ?? message ?? property.errorMessage?.[rule] ?? rule;
  return t("form.sentence", { label: formText(`${name}.label`) ?? property.title ?? name, message: found.replace(/\.$/, "") });
}
