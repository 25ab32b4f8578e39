// Discards failures that need no replay: after a preview, exactly what it counted.

import { announce, fill, h } from "../core/dom.js";
import { count, t } from "../core/i18n.js";
import * as portal from "../core/portal.js";
import { commandLine, line } from "./commands.js";
import { openDialog } from "./dialog.js";
import { problemText } from "./editor.js";
import { loading, notice } from "./feedback.js";

/** Open the dialog for the requests of a filter; `done` is called after they were discarded. */
export function openDiscard(filter, done) {
  const preview = h("div", { "aria-live": "polite" }, loading(1));
  const wrong = h("div");
  const { status, code, requestIds } = filter;
  const words = requestIds ?? ["--status", status, "--code", code];
  const previewed = portal.discard({ filter });
  const failed = (error) => fill(wrong, notice("bad", problemText(error)));
  previewed.then(({ matched }) => fill(preview, h("strong", {}, count("discard.preview", matched))), failed);
  openDialog({
    title: t("discard.title"),
    content: [preview, h("p", {}, t("discard.text")), wrong, commandLine(line("failures", "discard", ...words, "--yes"))],
    confirmText: t("discard.one"),
    confirm: async () => {
      try {
        await portal.discardAll({ filter, upTo: (await previewed).upTo });
      } catch (error) {
        failed(error);
        return false;
      }
      announce(t("discard.done"));
      await done();
      return true;
    },
  });
}
