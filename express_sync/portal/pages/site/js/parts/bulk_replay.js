// Replays several failures: the preview, edits, the rate, the confirmation.

import { announce, fill, h, uniqueId } from "../core/dom.js";
import { count, t } from "../core/i18n.js";
import * as portal from "../core/portal.js";
import { commandLine, line } from "./commands.js";
import { openDialog } from "./dialog.js";
import { editor, forceBox, problemText } from "./editor.js";
import { loading, notice } from "./feedback.js";
import { paused } from "./timing.js";

const RATE = 10; // requests per second
const FOLLOWED = 50;

/** Open the dialog for the `chosen` requests of a group, or for all of it; `follow` shows what becomes of them. */
export function openBulkReplay({ group, chosen, schema, refresh, follow }) {
  const preview = h("div", { class: "stack", "aria-live": "polite" }, loading(1));
  const command = h("div");
  const wrong = h("div", { class: "stack" });
  const rate = h("input", { id: uniqueId("rate"), class: "input is-small", type: "number", min: "0.1", max: "1000", step: "any", value: String(RATE), oninput: () => changed() });
  const force = forceBox(group.retryable, () => changed());
  const edit = editor(schema, undefined, () => changed());
  const filter = { status: group.status, code: group.code, ...(chosen.length ? { requestIds: chosen } : {}) };
  const wish = () => ({ filter, edits: edit.edits(), force: force.isOn(), ratePerSecond: Number(rate.value) || RATE });
  const showPreview = paused(() => shown(preview, wish()), 200);
  const changed = () => {
    fill(command, commandLine(commandOf(group, chosen, [...edit.options(), "--rate", rate.value, ...force.options()])));
    showPreview();
  };
  changed();
  openDialog({
    title: chosen.length ? count("replay.chosen", chosen.length) : t("replay.group", { code: group.code }),
    content: [preview, force.element, edit.element, h("div", { class: "filter" }, h("label", { for: rate.id }, t("replay.rate")), rate), wrong, command],
    confirmText: t("replay.send"),
    confirm: async () => {
      if (!edit.check()) return false;
      try {
        const followed = chosen.length ? chosen : await membersOf(group);
        await portal.replayAll(wish());
        announce(t("replay.sent"));
        follow({ former: group.status, requestIds: followed });
        refresh();
        return true;
      } catch (error) {
        fill(wrong, notice("bad", problemText(error)));
        return false;
      }
    },
  });
}

async function membersOf({ status, code }) {
  const { requests } = await portal.requests({ status, code, discarded: false, limit: FOLLOWED });
  return requests.map(({ requestId }) => requestId);
}

async function shown(preview, wish) {
  try {
    fill(preview, previewOf(await portal.previewReplays(wish), wish.edits));
  } catch (error) {
    fill(preview, notice("bad", problemText(error)));
  }
}

function previewOf({ replayed, matched, refused, samples }, edits) {
  const ids = samples.map(({ requestId }) => requestId);
  return [
    h("p", {}, h("strong", {}, count("replay.preview", replayed)), matched > ids.length && ids.length ? h("span", { class: "soft" }, " ", t("replay.first", { count: ids.length })) : null),
    ids.length ? h("p", { class: "soft mono" }, ids.join(", ")) : null,
    refused["terminal-error"] ? notice("warn", t("replay.refused")) : null,
    refused.invalid ? notice("bad", count("replay.invalid", refused.invalid)) : null,
    "name" in edits && replayed > 1 ? notice("warn", t("replay.same_name")) : null,
  ];
}

const commandOf = (group, chosen, options) => line("replay", ...(chosen.length ? chosen : ["--status", group.status, "--code", group.code]), ...options, "--yes", "--wait");
