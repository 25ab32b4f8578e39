// The address of a view is in the fragment: #/requests?status=failed. So it needs no support by the server.

/** Return path segments and query of the current address. */
export function current() {
  const [path, query] = location.hash.replace(/^#/, "").split(/\?(.*)/s);
  return { segments: path.split("/").filter(Boolean).map(decoded), query: new URLSearchParams(query ?? "") };
}

function decoded(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment; // a made-up address
  }
}

/** Return the address of a view. */
export function address(segments, query = {}) {
  const path = segments.map(encodeURIComponent).join("/");
  const entries = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const search = new URLSearchParams(entries).toString();
  return `#/${path}${search ? `?${search}` : ""}`;
}

/** Go to a view; a later Back returns to this one. */
export function go(segments, query = {}) {
  location.hash = address(segments, query);
}

/** Change the query of this view without a new entry in the history of the browser. */
export function changeQuery(query) {
  history.replaceState(null, "", address(current().segments, query));
}
