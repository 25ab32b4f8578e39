// The local cloud: its queues, faults, calls and logs, one tab each.

import { fill, h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { address } from "../core/router.js";
import { failure, loading, viewHead } from "../parts/feedback.js";
import { showCalls } from "./local_calls.js";
import { showFaults } from "./local_faults.js";
import { showLogs } from "./local_logs.js";
import { showQueues } from "./local_queues.js";

const TABS = { queues: showQueues, faults: showFaults, calls: showCalls, logs: showLogs };

/** Show the tab of the address. */
export async function show(view) {
  const { root, segments, session, signal } = view;
  const tab = Object.hasOwn(TABS, segments[1]) ? segments[1] : "queues";
  const panel = h("div", { class: "stack" }, loading(4));
  const link = (name) => h("a", { href: address(["local", name]), "aria-current": name === tab ? "page" : undefined }, t(`local.${name}`));
  fill(root, viewHead(t("local.title"), t("local.lead")), h("nav", { class: "tabs", "aria-label": t("local.title") }, Object.keys(TABS).map(link)), panel);
  if (!session.local) throw new Error(t("local.none"));
  try {
    await TABS[tab]({ ...view, panel });
  } catch (error) {
    if (!signal.aborted) fill(panel, failure(error, view.reload));
  }
}
