// Submit: a form from the request schema, checked while one types, and what the server found at the fields.

import { fill, h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import * as portal from "../core/portal.js";
import { address, go } from "../core/router.js";
import { commandLine, submitLine } from "../parts/commands.js";
import { loading, notice, viewHead } from "../parts/feedback.js";
import { requestForm } from "../parts/form.js";
import { STATUSES, badge } from "../parts/status.js";

const DRAFT = "express-sync.draft";
const CONFLICT = 409;
const INVALID = 422;

/** Show the form; `from` in the query names a request whose content it starts with. */
export async function show({ root, query, session, signal }) {
  const from = query.get("from");
  const [schema, values] = await Promise.all([portal.schema(signal), from ? valuesOf(from, signal) : draft()]);
  const names = Object.keys(schema.properties).filter((name) => name !== "requester" || session.operator);
  const form = requestForm(schema, names, { requestId: newId(), ...values });
  const result = h("div", { class: "stack" });
  const line = h("div");
  const showLine = () => fill(line, commandLine(submitLine(form.document())));
  const send = h("button", { class: "button is-main" }, t("submit.send"));
  const onsubmit = async (event) => {
    event.preventDefault();
    if (!form.check() || send.disabled) return;
    send.disabled = true;
    fill(result, loading(1));
    fill(result, await submitted(form, signal));
    send.disabled = false;
  };
  const oninput = () => {
    showLine();
    keep(form.document());
  };
  showLine();
  fill(root,
    viewHead(t("submit.title"), t("submit.lead")),
    h("div", { class: "columns" },
      h("form", { class: "card stack", novalidate: true, onsubmit, oninput },
        from ? notice("info", t("submit.from", { id: from })) : null,
        form.element, result,
        h("div", { class: "row" }, send, clearButton())),
      h("div", { class: "stack" }, nextSteps(),
        h("section", { class: "card aside" }, h("h2", {}, t("command.title")), h("p", { class: "soft" }, t("command.submit")), line))));
}

async function valuesOf(id, signal) {
  const { request } = await portal.request(id, signal);
  return { ...request, requestId: newId() };
}

async function submitted(form, signal) {
  const request = form.document();
  try {
    await portal.submit(request, signal);
    keep(null);
    if (!signal.aborted) go(["requests", request.requestId]);
    return [];
  } catch (error) {
    if (error.status === INVALID) {
      form.show(portal.violationsOf(error));
      return [];
    }
    return notice("bad", error.status === CONFLICT ? conflict(request.requestId) : h("p", {}, error.message));
  }
}

const conflict = (id) => [h("p", {}, t("submit.conflict")), h("a", { href: address(["requests", id]) }, t("submit.open", { id }))];

function clearButton() {
  const clear = () => {
    keep(null);
    location.hash = "#/submit";
    dispatchEvent(new HashChangeEvent("hashchange"));
  };
  return h("button", { type: "button", class: "button is-quiet", onclick: clear }, t("submit.clear"));
}

function nextSteps() {
  const step = (status) => h("li", { class: "step" }, badge(status), h("span", { class: "soft" }, t(`submit.step.${status}`)));
  return h("section", { class: "card" }, h("h2", {}, t("submit.next")), h("ul", { class: "steps" }, STATUSES.map(step)));
}

/** Return an id for a new request: the day and a random part without letters that are easily confused. */
function newId() {
  const letters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
  const random = [...crypto.getRandomValues(new Uint8Array(8))].map((each) => letters[each % letters.length]).join("");
  return `REQ-${new Date().toISOString().slice(0, 10).replaceAll("-", "")}-${random}`;
}

function draft() {
  try {
    return JSON.parse(sessionStorage.getItem(DRAFT)) ?? {};
  } catch {
    return {};
  }
}

// What was typed survives a reload of this tab.
function keep(document) {
  if (document) sessionStorage.setItem(DRAFT, JSON.stringify(document));
  else sessionStorage.removeItem(DRAFT);
}
