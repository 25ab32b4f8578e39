// Builds elements. Every text is inserted as a text node, so that markup in it stays text.

const SVG = "http://www.w3.org/2000/svg";
const PROPERTIES = new Set(["checked", "disabled", "hidden", "indeterminate", "open", "readOnly", "required", "selected", "value"]);

/** Return a new element; properties that start with "on" are listeners, children are elements or texts. */
export function h(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) assign(made, key, value);
  made.append(...present(children));
  return made;
}

/** Return an SVG element with attributes and children. */
export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function assign(made, key, value) {
  if (value === undefined || value === null) return;
  if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
  else if (PROPERTIES.has(key)) made[key] = value;
  else if (value === true) made.setAttribute(key, "");
  else if (value !== false) made.setAttribute(key, value);
}

function present(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false && child !== "");
}

/** Replace the content of `parent`. */
export function fill(parent, ...children) {
  parent.replaceChildren(...present(children));
  return parent;
}

const signatures = new WeakMap();

/**
 * Make the children of `parent` show `items`, one each; `keyOf` names an item, `render` makes its element.
 *
 * The element of an item that has not changed stays, with its focus and its state; the focus inside an element that is
 * replaced moves to the same place in the new one.
 */
export function reconcile(parent, items, keyOf, render) {
  const former = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  const wanted = items.map((item) => {
    const key = String(keyOf(item));
    const signature = `${document.documentElement.lang} ${JSON.stringify(item)}`;
    const node = former.get(key);
    if (node && signatures.get(node) === signature) return node;
    return remembered(render(item), key, signature);
  });
  const focus = focusIn(parent);
  wanted.forEach((node, index) => place(parent, node, index));
  while (parent.children.length > wanted.length) parent.lastElementChild.remove();
  if (focus && !parent.contains(document.activeElement)) refocus(parent, focus);
}

function remembered(node, key, signature) {
  node.dataset.key = key;
  signatures.set(node, signature);
  return node;
}

function place(parent, node, index) {
  const present = parent.children[index];
  if (present === node) return;
  if (present && present.dataset.key === node.dataset.key) present.replaceWith(node);
  else parent.insertBefore(node, present ?? null);
}

const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]";

function focusIn(parent) {
  const active = document.activeElement;
  const child = [...parent.children].find((each) => each.contains(active));
  if (!child) return null;
  return { key: child.dataset.key, index: [child, ...child.querySelectorAll(FOCUSABLE)].indexOf(active) };
}

function refocus(parent, { key, index }) {
  const child = [...parent.children].find((each) => each.dataset.key === key);
  if (child) [child, ...child.querySelectorAll(FOCUSABLE)][index]?.focus();
}

/** Announce `text` to readers of screens, without moving the focus. */
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

let made = 0;

/** Return an id that no other element has. */
export function uniqueId(prefix) {
  made += 1;
  return `${prefix}-${made}`;
}
