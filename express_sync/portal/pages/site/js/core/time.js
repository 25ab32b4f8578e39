// Times, durations and sizes as a reader writes them.

import { locale, t } from "./i18n.js";

const UNITS = [["day", 86_400_000], ["hour", 3_600_000], ["minute", 60_000], ["second", 1000]];

/** Return a date with its time to the second, in the reader's time zone. */
export const dateTime = (value) => new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "medium" }).format(new Date(value));

/** Return the time of a day to the second. */
export const timeOfDay = (value) =>
  new Intl.DateTimeFormat(locale(), { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(new Date(value));

/** Return how long ago `value` is, or how far ahead, such as "3 minutes ago". */
export function relative(value, now = Date.now()) {
  const distance = new Date(value) - now;
  const [unit, size] = UNITS.find(([, each]) => Math.abs(distance) >= each) ?? ["second", 1000];
  return new Intl.RelativeTimeFormat(locale(), { numeric: "auto" }).format(Math.trunc(distance / size), unit);
}

/** Return a duration in milliseconds in its usual unit: "408 ms", "5.5 s", "2 min 5 s", "1 h 20 min". */
export function duration(milliseconds) {
  if (milliseconds < 1000) return t("unit.ms", { value: number(milliseconds) });
  if (milliseconds < 10_000) return t("unit.s", { value: number(Math.round(milliseconds / 100) / 10) });
  return parts(Math.round(milliseconds / 1000));
}

/** Return the time until `value` as a clock shows it: "0:42", "1:05:00". */
export function clock(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const two = (value) => String(value).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** Return a number as the reader's language writes it. */
export const number = (value) => new Intl.NumberFormat(locale()).format(value);

function parts(seconds) {
  const units = [["unit.d", 86_400], ["unit.h", 3600], ["unit.min", 60], ["unit.s", 1]];
  const first = units.findIndex(([, size]) => seconds >= size);
  let rest = seconds;
  return units.slice(first, first + 2).flatMap(([key, size]) => {
    const value = Math.floor(rest / size);
    rest -= value * size;
    return value ? [t(key, { value: number(value) })] : [];
  }).join(" ");
}
