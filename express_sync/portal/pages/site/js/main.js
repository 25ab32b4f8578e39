// Starts the page: language, session, header, then the view of the address.

import { announce, fill, h } from "./core/dom.js";
import { language, load, t } from "./core/i18n.js";
import { watchFaults } from "./core/local_cloud.js";
import * as portal from "./core/portal.js";
import { current, go } from "./core/router.js";
import { onChange, showTheme, store } from "./core/settings.js";
import { follow } from "./core/stream.js";
import { findToken, takeToken } from "./core/token.js";
import { showBanners } from "./parts/banners.js";
import { failure, loading, viewHead } from "./parts/feedback.js";
import { showHeader } from "./parts/header.js";
import { signIn } from "./parts/sign_in.js";
import { show as events } from "./views/events.js";
import { show as failures } from "./views/failures.js";
import { show as local } from "./views/local.js";
import { show as request } from "./views/request.js";
import { show as requests } from "./views/requests.js";
import { show as submit } from "./views/submit.js";

const VIEWS = { submit, requests, failures, events, local };
const main = document.getElementById("main");
let abort = new AbortController();
let session = null;
let isFollowing = false;

function viewOf({ segments }) {
  if (segments[0] === "requests" && segments.length === 2) return request;
  return Object.hasOwn(VIEWS, segments[0]) ? VIEWS[segments[0]] : undefined; // a made-up address may say "constructor"
}

/** Show the view of the address; `moveFocus` is false for the first one, so that a reader starts at the top. */
async function navigate(moveFocus = true) {
  const place = current();
  const show = viewOf(place);
  if (!show) return go(["submit"]);
  abort.abort();
  abort = new AbortController();
  const { signal } = abort;
  fill(main, h("div", { class: "card is-flush" }, loading(5)));
  try {
    await ready();
    await show({ root: main, ...place, session, signal, reload: () => navigate(false) });
  } catch (error) {
    if (signal.aborted) return undefined;
    if (error.status === 401) fill(main, signIn(() => restart()));
    else fill(main, viewHead(t(`nav.${place.segments[0]}`)), failure(error, () => navigate()));
  }
  return settle(moveFocus);
}

async function ready() {
  if (session) return;
  session = await portal.session();
  showHeader(session, { chooseLanguage, chooseTheme });
  showBanners();
  if (isFollowing) return;
  isFollowing = true;
  follow();
  if (session.local) watchFaults();
}

function restart() {
  if (isFollowing) return location.reload(); // the stream and the events it brought are those of another identity
  session = null;
  return navigate();
}

function settle(moveFocus) {
  const title = main.querySelector("h1");
  document.title = title ? `${title.textContent} · ${t("brand")}` : t("brand");
  showHeader(session, { chooseLanguage, chooseTheme });
  if (!moveFocus) return;
  scrollTo(0, 0);
  (title ?? main).focus({ preventScroll: true });
  announce(document.title);
}

const chooseLanguage = (wanted) => store("language", wanted);
const chooseTheme = (wanted) => store("theme", wanted);

async function changed(name, value) {
  if (name === "theme") showTheme(value);
  if (name === "language" && value !== language()) await load(value);
  const focused = document.activeElement?.id;
  if (name === "language") await navigate(false);
  showHeader(session, { chooseLanguage, chooseTheme });
  showBanners();
  if (focused) document.getElementById(focused)?.focus();
}

async function start() {
  await load(language());
  showHeader(session, { chooseLanguage, chooseTheme });
  await findToken();
  onChange(changed);
  addEventListener("hashchange", () => (takeToken() ? restart() : navigate()));
  if (location.hash.length < 2) history.replaceState(null, "", "#/submit");
  await navigate(false);
}

start().catch((error) => fill(main, h("p", {}, error.message)));
