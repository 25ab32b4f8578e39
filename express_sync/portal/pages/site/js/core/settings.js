// What the reader has chosen: language and theme. It is kept in the browser and shared by its tabs.

const PREFIX = "express-sync.";
const listeners = new Set();

/** Return a stored value, or null. */
export function stored(name) {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null; // storage may be switched off
  }
}

/** Store a value, and tell the listeners of this tab and of the others. */
export function store(name, value) {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // the choice holds until the page is closed
  }
  notify(name, value);
}

/** Call `listener(name, value)` after a change in this tab or in another. */
export const onChange = (listener) => listeners.add(listener);

function notify(name, value) {
  for (const listener of listeners) listener(name, value);
}

addEventListener("storage", (event) => {
  if (event.key?.startsWith(PREFIX) && event.newValue !== null) notify(event.key.slice(PREFIX.length), event.newValue);
});

/** Show the page in `theme`: "light", "dark", or "system". */
export function showTheme(theme) {
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}
