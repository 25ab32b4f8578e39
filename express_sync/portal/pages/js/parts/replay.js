// Replays one request: with an edit, after a confirmation.

import { announce, fill, h } from "../core/dom.js";
import { t } from "../core/i18n.js";
import * as portal from "../core/portal.js";
import { commandLine, line } from "./commands.js";
import { openDialog } from "./dialog.js";
import { button, notice } from "./feedback.js";
import { editor } from "./editor.js";

/** Return the button that opens the dialog; `done` is called after the replay was accepted. */
export const replayButton = ({ requestId, request, schema, done }) =>
  button(t("replay.one"), () => open({ requestId, request, schema, done }), "is-main", "replay");

function open({ requestId, request, schema, done }) {
  const command = h("div");
  const wrong = h("div");
  const edit = editor(schema, request, () => showCommand());
  const showCommand = () => fill(command, commandLine(line("replay", requestId, ...edit.options(), "--force", "--yes", "--wait")));
  showCommand();
  openDialog({
    title: t("replay.title", { id: requestId }),
    content: [h("p", {}, t("replay.text")), edit.element, wrong, command],
    confirmText: t("replay.send"),
    confirm: async () => {
      if (!edit.check()) return false;
      try {
        await portal.replay(requestId, edit.edits());
      } catch (error) {
        fill(wrong, notice("bad", error.message));
        return false;
      }
      announce(t("replay.sent"));
      await done();
      return true;
    },
  });
}
