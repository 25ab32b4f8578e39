// Follows replays from their old verdict to the new one.

import { fill, h, reconcile } from "../core/dom.js";
import { t } from "../core/i18n.js";
import * as portal from "../core/portal.js";
import { address } from "../core/router.js";
import { onEvent } from "../core/stream.js";
import { button } from "./feedback.js";
import { icon } from "./icons.js";
import { badge } from "./status.js";

const SHOWN = 50;

/** Return a card that shows each request with its former and its present status, until `close`. */
export function progressOf({ former, requestIds }, signal, close) {
  const shown = new Map(requestIds.slice(0, SHOWN).map((id) => [id, { id, status: "accepted", terminal: false }]));
  const list = h("ul", { class: "events" });
  const figures = h("p", { class: "soft", role: "status" });
  const display = () => {
    const all = [...shown.values()];
    const settled = all.filter(({ terminal }) => terminal).length;
    fill(figures, t("progress.figures", { settled, total: all.length }));
    reconcile(list, all, ({ id }) => id, (each) => row(each, former));
  };
  const update = async (id) => {
    try {
      const { status, terminal } = await portal.request(id, signal);
      shown.set(id, { id, status, terminal });
      display();
    } catch {
      // the next event on it tries again
    }
  };
  onEvent(({ requestId }) => shown.has(requestId) && update(requestId), signal);
  for (const id of shown.keys()) update(id);
  display();
  return h("section", { class: "card is-flush" },
    h("div", { class: "card-head" }, h("div", {}, h("h2", { tabindex: "-1" }, t("progress.title")), figures), button(t("close"), close, "is-small")), list);
}

const row = ({ id, status }, former) =>
  h("li", { class: "progress-row" }, h("a", { class: "mono", href: address(["requests", id]) }, id), h("span", { class: "row" }, badge(former), icon("arrow"), badge(status)));
