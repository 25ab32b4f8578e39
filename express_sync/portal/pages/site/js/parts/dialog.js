// A dialog: the browser keeps the focus in it and gives it back at its end.

import { h, uniqueId } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { button } from "./feedback.js";

/**
 * Open a dialog. `confirm` is called when the reader confirms; the dialog closes unless it returns false.
 */
export function openDialog({ title, content, confirmText, confirm }) {
  const id = uniqueId("dialog");
  const submit = h("button", { class: "button is-main" }, confirmText);
  const dialog = h("dialog", { class: "dialog", "aria-labelledby": id },
    h("form", { class: "stack", novalidate: true, onsubmit: (event) => { event.preventDefault(); confirmed(); } },
      h("h2", { id }, title), content,
      h("div", { class: "dialog-foot" }, button(t("cancel"), () => dialog.close(), "is-quiet"), submit)));
  async function confirmed() {
    submit.disabled = true;
    const done = await confirm();
    submit.disabled = false;
    if (done !== false) dialog.close();
  }
  dialog.addEventListener("close", () => {
    dialog.remove();
    // What opened the dialog may be gone, with what was replayed or discarded.
    if (document.activeElement === document.body) document.querySelector("main h1")?.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
}
