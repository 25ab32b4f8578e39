// The bearer token of the reader. It lives in the tabs of this browser and is gone with the last of them.

const KEY = "express-sync.token";
const WAIT = 150; // milliseconds for the other tabs to answer
const tabs = new BroadcastChannel("express-sync.token");

/** Return the token, or "". */
export const token = () => sessionStorage.getItem(KEY) ?? "";

/** Keep a token for the tabs of this browser; "" signs all of them out. */
export function keepToken(value) {
  put(value);
  tabs.postMessage({ token: value });
}

function put(value) {
  if (value) sessionStorage.setItem(KEY, value);
  else sessionStorage.clear(); // also what was typed: the next person at this browser may be another one
}

/** Take a token from the address, where `up` puts it behind the #, and return whether one was there. */
export function takeToken() {
  const inAddress = /^#token=([^&]+)/.exec(location.hash);
  if (!inAddress) return false;
  keepToken(decoded(inAddress[1]));
  history.replaceState(null, "", "#/submit");
  return true;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // the portal refuses it
  }
}

/** Take the token from the address, or else from another tab. */
export async function findToken() {
  if (!takeToken() && !token()) await fromOtherTabs();
}

const fromOtherTabs = () =>
  new Promise((resume) => {
    const timer = setTimeout(resume, WAIT);
    received = () => {
      clearTimeout(timer);
      resume();
    };
    tabs.postMessage({ ask: true });
  });

let received = () => {};

tabs.addEventListener("message", ({ data }) => {
  if (data.ask && token()) tabs.postMessage({ token: token() });
  if (!("token" in data)) return;
  const isAnother = token() && token() !== data.token;
  put(data.token);
  if (isAnother) location.reload(); // what this tab shows is for another identity
  received();
});
