// Figures and times for people: three significant digits, with their unit; what is not known is a dash, never 0.

export const UNKNOWN = "–";

/** Whether there is a figure at all. */
export const known = (value) => typeof value === "number" && Number.isFinite(value);

function digits(value) {
  if (Number.isInteger(value) && Math.abs(value) < 1000) return String(value);
  const rounded = Number(value.toPrecision(3));
  if (Math.abs(rounded) >= 100) return String(Math.round(rounded));
  return Math.abs(rounded) < 1e-4 ? value.toExponential(1) : rounded.toPrecision(3);
}

function scaled(value, steps, base) {
  for (const [size, unit] of steps) {
    // 999.6 is 1.00 k, not 1000.
    if (Math.abs(Number(value.toPrecision(3))) >= size) return `${digits(value / size)} ${unit}`;
  }
  return base(value);
}

const THOUSANDS = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];

/** A plain figure: `12.3k`. */
export function figure(value) {
  return known(value) ? scaled(value, THOUSANDS, digits).replace(" ", "") : UNKNOWN;
}

/** A count, in full: `12,345`. */
export function count(value) {
  return known(value) ? Math.round(value).toLocaleString("en-US") : UNKNOWN;
}

const PARTS_OF_A_SECOND = [
  [1, "s"],
  [1e-3, "ms"],
  [1e-6, "µs"],
  [1e-9, "ns"],
];

/** A length of time: `41.2 ms`, `1.23 s`, `2 min 5 s`. */
export function seconds(value) {
  if (!known(value)) return UNKNOWN;
  if (Math.abs(value) >= 100) return span(value);
  return scaled(value, PARTS_OF_A_SECOND, () => "0 s");
}

function span(value) {
  const sign = value < 0 ? "−" : "";
  const whole = Math.round(Math.abs(value));
  const parts = [
    [Math.floor(whole / 86400), "d"],
    [Math.floor(whole / 3600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ];
  const first = parts.findIndex(([size]) => size > 0);
  const shown = parts.slice(first, first + 2).filter(([size]) => size > 0);
  return sign + shown.map(([size, unit]) => `${size} ${unit}`).join(" ");
}

/** A part of a whole, 0 to 1, in percent. Only what is whole is 100 %, and only nothing is 0 %. */
export function percent(value) {
  if (!known(value)) return UNKNOWN;
  const hundredfold = value * 100;
  if (value < 1 && value > 0.9) {
    for (let places = 1; places <= 4; places += 1) {
      const text = hundredfold.toFixed(places);
      if (Number(text) < 100) return `${text} %`;
    }
    return "> 99.9999 %";
  }
  return `${digits(hundredfold)} %`;
}

/** A part of a whole as a gauge shows it, 0 to 1: whole percents. */
export function gauge(value) {
  return known(value) ? `${Math.round(value * 100)} %` : UNKNOWN;
}

const GIB = [
  [2 ** 40, "TiB"],
  [2 ** 30, "GiB"],
  [2 ** 20, "MiB"],
  [2 ** 10, "KiB"],
];

export function bytes(value) {
  return known(value) ? scaled(value, GIB, (few) => `${digits(few)} B`) : UNKNOWN;
}

/** Several figures with one unit, such as `98.2 / 141 GiB`. */
export function bytesOf(used, total) {
  if (!known(total)) return bytes(used);
  if (!known(used)) return `${UNKNOWN} of ${bytes(total)}`;
  return `${bytes(used)} of ${bytes(total)}`;
}

/** Formatters that add a unit: `12.3k tok/s`, and `3.92 kW` where the unit takes the prefix. */
const counted = (unit) => (value) => (known(value) ? `${figure(value)} ${unit}` : UNKNOWN);
const prefixed = (unit) => (value) =>
  known(value) ? scaled(value, THOUSANDS, (few) => `${digits(few)} `) + unit : UNKNOWN;
export const perSecond = counted("/s");
export const tokensPerSecond = counted("tok/s");
export const watts = prefixed("W");
export const joules = prefixed("J");

export function celsius(value) {
  return known(value) ? `${Math.round(value)} °C` : UNKNOWN;
}

/** The same with its sign, for differences. */
export function signed(format, value) {
  if (!known(value)) return UNKNOWN;
  if (value === 0) return format(0);
  return (value > 0 ? "+" : "−") + format(Math.abs(value));
}

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const dayOfYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const minute = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

/** `14:05:12`. */
export const timeOfDay = (instant) => clock.format(instant);

/** When something was, as one says it: `3 min ago`, `today 14:05`, `3 Nov 14:05`. */
export function when(instant, now = new Date()) {
  const then = new Date(instant);
  if (Number.isNaN(then.getTime())) return UNKNOWN;
  const ago = (now - then) / 1000;
  if (ago >= -5 && ago < 60) return "just now";
  if (ago >= 60 && ago < 3600) return `${Math.floor(ago / 60)} min ago`;
  if (then.toDateString() === now.toDateString()) return `today ${minute.format(then)}`;
  if (then.getFullYear() === now.getFullYear()) return `${day.format(then)} ${minute.format(then)}`;
  return dayOfYear.format(then);
}

const UNITS = { us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: 86400 };

/** Seconds of a time with its unit, as a scenario has it (`30s`, `500ms`). */
export function ofSpan(text) {
  const found = /^(\d+(?:\.\d+)?)(us|ms|s|m|h|d)$/.exec(text ?? "");
  return found ? Number(found[1]) * UNITS[found[2]] : null;
}
