// What a view shows while it loads, where nothing is to be shown, and after an error.

import { h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { icon } from "./icons.js";

/** Return placeholders in the shape of what is being loaded. */
export const loading = (lines = 4) =>
  h("div", { class: "loading", role: "status" }, h("span", { class: "unseen" }, t("loading")), Array.from({ length: lines }, () => h("span", { class: "bone", "aria-hidden": "true" })));

/** Return what teaches a reader why a view is empty and what would fill it. */
export const empty = (name, title, text, ...actions) =>
  h("div", { class: "empty" }, h("div", { class: "empty-icon" }, icon(name)), h("h2", {}, title), h("p", {}, text), h("div", { class: "row is-centered" }, actions));

/** Return a notice of a kind: "info", "warn" or "bad". */
export const notice = (kind, ...content) =>
  h("div", { class: `notice is-${kind}`, role: kind === "bad" ? "alert" : undefined }, icon(ICONS[kind]), h("div", {}, content));

const ICONS = { info: "info", warn: "warning", bad: "warning" };

/** Return an explanation of an error, with a button that tries again. */
export function failure(error, retry) {
  const text = { 401: t("error.401"), 403: t("error.403"), 404: t("error.404"), 429: t("error.429") }[error.status] ?? error.message;
  const again = error.status === 401 ? () => location.reload() : retry; // which asks for a token
  return notice("bad", h("p", {}, text), retry ? h("button", { type: "button", class: "button", onclick: again }, t("retry")) : null);
}

/** Return a button. */
export const button = (text, onclick, kind = "", iconName = "") =>
  h("button", { type: "button", class: `button ${kind}`, onclick }, iconName ? icon(iconName) : null, text);

/** Return a link in the shape of a button. */
export const linkButton = (text, href, kind = "", iconName = "") =>
  h("a", { class: `button ${kind}`, href }, iconName ? icon(iconName) : null, text);

/** Return the head of a view: its title, which gets the focus after a navigation, and a line of text. */
export const viewHead = (title, lead, ...actions) =>
  h("div", { class: "head" }, h("div", {}, h("h1", { tabindex: "-1" }, title), lead ? h("p", { class: "lead" }, lead) : null), actions.length ? h("div", { class: "row" }, actions) : null);
