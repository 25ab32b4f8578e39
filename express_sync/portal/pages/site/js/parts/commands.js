// The line of the command line that does what a button of the page does, ready to be copied.

import { announce, h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { icon } from "./icons.js";

/** Return `text` as one word of a shell. */
const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** Return the command line of words; words that are undefined or "" are left out. */
export const line = (...words) => ["express-sync", ...words.filter((word) => word !== undefined && word !== "").map(quoted)].join(" ");

/** Return the line that submits a request. */
export const submitLine = (request) => `printf '%s' ${quoted(JSON.stringify(request))} | express-sync submit --wait`;

/** Return an element that shows a command line with a button that copies it. */
export function commandLine(text) {
  return h("div", { class: "command" },
    icon("terminal"),
    h("code", { class: "command-text", tabindex: "0", role: "region", "aria-label": t("command.label") }, text),
    copyButton(text, t("command.copy")));
}

/** Return a button that copies `text`, which may be a function that returns it. */
export function copyButton(text, label) {
  const button = h("button", { type: "button", class: "button is-quiet is-icon", "aria-label": label, title: label, onclick: copy }, icon("copy"));
  async function copy() {
    await write(typeof text === "function" ? text() : text);
    button.replaceChildren(icon("check"));
    announce(t("copied"));
    setTimeout(() => button.replaceChildren(icon("copy")), 1500);
  }
  return button;
}

async function write(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = h("textarea", { class: "unseen", "aria-hidden": "true", value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy"); // where the page is not served from a secure origin
    area.remove();
  }
}
