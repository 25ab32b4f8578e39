// Replays several failures: the preview, edits, the rate, the confirmation.

import { announce, fill, h, uniqueId } from "../core/dom.js";
import { count, t } from "../core/i18n.js";
import * as portal from "../core/portal.js";
import { commandLine, line } from "./commands.js";
import { openDialog } from "./dialog.js";
import { editor } from "./editor.js";
import { loading, notice } from "./feedback.js";
import { paused } from "./timing.js";

const RATE = 10; // requests per second

/** Open the dialog for the `chosen` requests of a group, or for all of it; `follow` shows what becomes of them. */
export function openBulkReplay({ group, chosen, schema, refresh, follow }) {
  const preview = h("div", { "aria-live": "polite" }, loading(1));
  const command = h("div");
  const wrong = h("div");
  const rate = h("input", { id: uniqueId("rate"), class: "input is-small", type: "number", min: "0.1", max: "1000", step: "any", value: String(RATE) });
  const edit = editor(schema, undefined, () => changed());
  const selection = chosen.length ? { requestIds: chosen } : { status: group.status, code: group.code };
  const showPreview = paused(async () => {
    try {
      fill(preview, previewText(await portal.previewReplays(selection, edit.edits()), edit.edits()));
    } catch (error) {
      fill(preview, notice("bad", error.message));
    }
  }, 200);
  const changed = () => {
    fill(command, commandLine(commandOf(group, chosen, edit, rate.value)));
    showPreview();
  };
  rate.addEventListener("input", changed);
  changed();
  openDialog({
    title: chosen.length ? count("replay.chosen", chosen.length) : t("replay.group", { code: group.code }),
    content: [preview, edit.element, h("div", { class: "filter" }, h("label", { for: rate.id }, t("replay.rate")), rate), wrong, command],
    confirmText: t("replay.send"),
    confirm: async () => {
      if (!edit.check()) return false;
      try {
        const sent = await portal.replayAll(selection, edit.edits(), Number(rate.value) || RATE);
        announce(t("replay.sent"));
        follow({ former: group.status, requestIds: sent });
        refresh();
        return true;
      } catch (error) {
        fill(wrong, notice("bad", error.message));
        return false;
      }
    },
  });
}

function previewText({ count: total, requests = [] }, edits) {
  const warning = "name" in edits && total > 1 ? notice("warn", t("replay.same_name")) : null;
  return [h("p", {}, h("strong", {}, count("replay.preview", total))),
    requests.length ? h("p", { class: "soft mono" }, requests.slice(0, 5).join(", "), requests.length > 5 || total > requests.length ? ", …" : "") : null, warning];
}

const commandOf = (group, chosen, edit, rate) =>
  line("replay", ...chosen, ...(chosen.length ? [] : ["--status", group.status, "--code", group.code]), ...edit.options(), "--rate", rate, "--force", "--yes", "--wait");
