// Icons as strokes on a grid of 24; they are decoration, the words beside them carry the meaning.

import { svg } from "../core/dom.js";

const PATHS = {
  accepted: "M12 7v5l3 2M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18",
  deferred: "M4 12a8 8 0 0 1 14-5l2 2M20 4v5h-5M20 12a8 8 0 0 1-14 5l-2-2M4 20v-5h5",
  succeeded: "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M8 12.5l2.7 2.7L16 9.5",
  rejected: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  failed: "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M9 9l6 6M15 9l-6 6",
  indeterminate: "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M9.5 9.5a2.5 2.5 0 1 1 3.4 2.3c-.6.3-.9.7-.9 1.4M12 16.6v.2",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  check: "M5 12.5l4.5 4.5L19 7.5",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 0 0 0-13M15.5 15.5L20 20",
  warning: "M12 4L2.8 20h18.4zM12 10v4.5M12 17.2v.2",
  info: "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M12 11v5.5M12 7.6v.2",
  plus: "M12 5v14M5 12h14",
  inbox: "M4 13l3-8h10l3 8v6H4zM4 13h5l1.5 3h3L15 13h5",
  sun: "M12 8a4 4 0 1 0 0 8a4 4 0 0 0 0-8M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.500z",
  system: "M3 5h18v11H3zM9 20h6M12 16v4",
  terminal: "M4 6l5 5-5 5M12 18h8",
  live: "M12 11a1.5 1.5 0 1 0 0 3a1.5 1.5 0 0 0 0-3M7.8 17a6 6 0 0 1 0-9M16.2 8a6 6 0 0 1 0 9M5 19.800a10 10 0 0 1 0-14.600M19 5.200a10 10 0 0 1 0 14.6",
  replay: "M5 5v5h5M5.5 10a7.5 7.5 0 1 1-.8 5",
  wait: "M7 4h10M7 20h10M8 4c0 4 8 5 8 8s-8 4-8 8M16 4c0 4-8 5-8 8s8 4 8 8",
  arrow: "M5 12h14M13 6l6 6-6 6",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
};

/** Return an icon; readers of screens skip it. */
export const icon = (name) =>
  svg("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" }, svg("path", { d: PATHS[name] ?? PATHS.info }));
