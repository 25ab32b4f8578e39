// Replays one request: with an edit, after a confirmation.

import { announce, fill, h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import * as portal from "../core/portal.js";
import { commandLine, line } from "./commands.js";
import { openDialog } from "./dialog.js";
import { editor, forceBox, problemText } from "./editor.js";
import { button, notice } from "./feedback.js";

/** Return the button that opens the dialog; `done` is called after the replay was accepted. */
export const replayButton = (what) => button(t("replay.one"), () => open(what), "is-main", "replay");

function open({ requestId, request, retryable, schema, done }) {
  const command = h("div");
  const wrong = h("div", { class: "stack" });
  const force = forceBox(retryable, () => showCommand());
  const edit = editor(schema, request, () => showCommand());
  const showCommand = () => fill(command, commandLine(line("replay", requestId, ...edit.options(), ...force.options(), "--yes", "--wait")));
  showCommand();
  openDialog({
    title: t("replay.title", { id: requestId }),
    content: [h("p", {}, t("replay.text")), force.element, edit.element, wrong, command],
    confirmText: t("replay.send"),
    confirm: async () => {
      if (!edit.check()) return false;
      try {
        await portal.replay(requestId, { edits: edit.edits(), force: force.isOn() });
      } catch (error) {
        fill(wrong, notice("bad", problemText(error)));
        return false;
      }
      announce(t("replay.sent"));
      await done();
      return true;
    },
  });
}
