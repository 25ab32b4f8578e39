// The header: where one is, where one can go, whether events arrive, language and theme.

import { fill, h } from "../core/dom.js";
import { LANGUAGES, language, t } from "../core/i18n.js";
import { keepToken, token } from "../core/token.js";
import { address, current } from "../core/router.js";
import { stored } from "../core/settings.js";
import { onState, streamState } from "../core/stream.js";
import { icon } from "./icons.js";

const header = document.getElementById("header");
const THEMES = { system: "system", light: "sun", dark: "moon" };
const live = h("span", { class: "live", role: "status" });

/** Show the header for a session; `session` is null until it is known. */
export function showHeader(session, actions) {
  fill(header,
    h("a", { class: "skip", href: "#main", onclick: skip }, t("skip")),
    h("div", { class: "header-inner" },
      h("a", { class: "brand", href: "#/submit" }, h("img", { src: "icon.svg", alt: "" }), t("brand"), session?.local ? h("span", { class: "brand-place" }, t("brand.local")) : null),
      navigation(session),
      h("div", { class: "tools" }, live, languageButton(actions), themeButton(actions), signOutButton())));
  showState(streamState());
}

onState(showState);

function skip(event) {
  event.preventDefault(); // the fragment is the address of the view
  document.getElementById("main").focus();
}

function navigation(session) {
  const [here] = current().segments;
  const names = ["submit", "requests", session?.operator && "failures", "events", session?.local && "local"].filter(Boolean);
  const item = (name) => h("li", {}, h("a", { href: address([name]), "aria-current": name === here ? "page" : undefined }, t(`nav.${name}`)));
  return h("nav", { class: "nav", "aria-label": t("nav.label") }, h("ul", {}, names.map(item)));
}

function showState(state) {
  live.className = `live is-${state}`;
  fill(live, h("span", { class: "live-word" }, t(`live.${state}`)));
  live.title = t(`live.${state}`);
}

function languageButton({ chooseLanguage }) {
  const other = language() === "en" ? "zh" : "en";
  return h("button", { type: "button", id: "language", class: "button is-quiet is-small", lang: other === "zh" ? "zh-CN" : "en", onclick: () => chooseLanguage(other) }, LANGUAGES[other]);
}

function themeButton({ chooseTheme }) {
  const names = Object.keys(THEMES);
  const now = names.includes(stored("theme")) ? stored("theme") : "system";
  const next = names[(names.indexOf(now) + 1) % names.length];
  const label = t("theme.label", { now: t(`theme.${now}`), next: t(`theme.${next}`) });
  return h("button", { type: "button", id: "theme", class: "button is-quiet is-small is-icon", "aria-label": label, title: label, onclick: () => chooseTheme(next) }, icon(THEMES[now]));
}

function signOutButton() {
  if (!token()) return null;
  const signOut = () => {
    keepToken("");
    location.reload();
  };
  return h("button", { type: "button", id: "sign-out", class: "button is-quiet is-small", onclick: signOut }, t("sign_out"));
}
