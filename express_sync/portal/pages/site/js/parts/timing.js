// Timers that end with the view that started them.

/** Return a function that calls `action` once, `milliseconds` after the last of several calls. */
export function paused(action, milliseconds, signal) {
  let timer;
  signal?.addEventListener("abort", () => clearTimeout(timer));
  return () => {
    clearTimeout(timer);
    if (!signal?.aborted) timer = setTimeout(action, milliseconds);
  };
}

/** Call `action` now and then every `milliseconds` until `signal` aborts. */
export function every(milliseconds, action, signal) {
  const timer = setInterval(action, milliseconds);
  signal.addEventListener("abort", () => clearInterval(timer));
  action();
}
