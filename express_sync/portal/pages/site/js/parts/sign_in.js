// Asks for a bearer token, where the portal does not let everybody in.

import { fill, h } from "../core/dom.js";
import { keepToken, token } from "../core/token.js";
import { t } from "../core/i18n.js";
import { notice } from "./feedback.js";

/** Return a form that keeps the token of the reader for this tab and then calls `done`. */
export function signIn(done) {
  const wrong = h("div");
  if (token()) fill(wrong, notice("bad", t("sign_in.refused")));
  const input = h("input", { id: "token", class: "input", type: "password", autocomplete: "current-password", required: true, "aria-describedby": "token-help" });
  const submit = (event) => {
    event.preventDefault();
    keepToken(input.value.trim());
    done();
  };
  return h("form", { class: "card stack", onsubmit: submit },
    h("h1", { tabindex: "-1" }, t("sign_in")), wrong,
    h("div", { class: "field" }, h("label", { for: "token" }, t("sign_in.token")), h("p", { class: "field-help", id: "token-help" }, t("sign_in.help")), input),
    h("div", { class: "row" }, h("button", { class: "button is-main" }, t("sign_in"))));
}
