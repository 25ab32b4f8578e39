// The status of a request: a colour, an icon and a word.

import { h } from "../core/dom.js";
import { has, t } from "../core/i18n.js";
import { icon } from "./icons.js";

export const STATUSES = ["accepted", "deferred", "succeeded", "rejected", "failed", "indeterminate"];

/** Return a badge for a status. */
export function badge(status) {
  const known = STATUSES.includes(status);
  return h("span", { class: `badge ${known ? `is-${status}` : ""}` }, icon(known ? status : "info"), statusWord(status));
}

/** Return the word for a status. */
export const statusWord = (status) => (has(`status.${status}`) ? t(`status.${status}`) : String(status));
