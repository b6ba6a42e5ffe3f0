// Scalars between their wire form and their unit: decimals, times of day and dates.
//
// Dates: Howard Hinnant, "chrono-compatible low-level date algorithms".

/** The largest magnitude of a number, and the latest time: 2⁵³ − 1. */
export const MAX = Number.MAX_SAFE_INTEGER;

/** A sum of times, which never goes beyond `MAX`. */
export function later(at, ms) {
  return Math.min(at + ms, MAX);
}

const isDigit = (c) => c >= 48 && c <= 57;

/** Units of 10^-scale of a decimal's text; `undefined` if it is none. */
export function decimalUnits(text, scale) {
  let at = text.charCodeAt(0) === 45 ? 1 : 0;
  const negative = at === 1;
  const start = at;
  let units = 0;
  let c = text.charCodeAt(at);
  while (isDigit(c)) {
    units = units * 10 + (c - 48);
    c = text.charCodeAt(++at);
  }
  const whole = at - start;
  if (whole === 0 || (whole > 1 && text.charCodeAt(start) === 48)) return undefined;
  let missing = scale;
  if (at < text.length) {
    if (c !== 46 || at + 1 === text.length) return undefined;
    for (at++; at < text.length; at++) {
      c = text.charCodeAt(at);
      if (!isDigit(c) || missing === 0) return undefined;
      units = units * 10 + (c - 48);
      missing--;
    }
  }
  for (; missing > 0; missing--) units *= 10;
  // Up to here a number beyond 2⁵³ may have been rounded, but never to one below it.
  if (units > MAX) return undefined;
  return negative && units !== 0 ? -units : units;
}

/** The wire form of a decimal. */
export function decimalText(units, scale) {
  const sign = units < 0 ? "-" : "";
  const digits = String(Math.abs(units));
  if (scale === 0) return sign + digits;
  const padded = digits.padStart(scale + 1, "0");
  return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
}

const TIME = /^([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?$/;

/** Seconds since midnight of `HH:MM:SS` or `HH:MM`. */
export function timeSeconds(text) {
  const found = TIME.exec(text);
  if (!found || text.endsWith("\n")) return undefined;
  const [hours, minutes, seconds] = [found[1], found[2], found[3] ?? "0"].map(Number);
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  return hours * 3600 + minutes * 60 + seconds;
}

const two = (n) => String(n).padStart(2, "0");

/** `HH:MM:SS`. */
export function timeText(seconds) {
  const s = ((seconds % 86_400) + 86_400) % 86_400;
  return `${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

const DATE = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/;

/** Days since 1970-01-01 of `YYYY-MM-DD`. */
export function dateDays(text) {
  const found = DATE.exec(text);
  if (!found || text.endsWith("\n")) return undefined;
  const [year, month, day] = [Number(found[1]), Number(found[2]), Number(found[3])];
  if (year === 0 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) {
    return undefined;
  }
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const ofEra = y - era * 400;
  const ofYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const days = ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear;
  return era * 146_097 + days - 719_468;
}

/** `YYYY-MM-DD`. */
export function dateText(days) {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const d = z - era * 146_097;
  const y = Math.floor(
    (d - Math.floor(d / 1460) + Math.floor(d / 36_524) - Math.floor(d / 146_096)) / 365,
  );
  const ofYear = d - (365 * y + Math.floor(y / 4) - Math.floor(y / 100));
  const shifted = Math.floor((5 * ofYear + 2) / 153);
  const day = ofYear - Math.floor((153 * shifted + 2) / 5) + 1;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = y + era * 400 + (month <= 2 ? 1 : 0);
  // As Rust writes it: four digits at least, a sign counted in.
  const sign = year < 0 ? "-" : "";
  return `${sign}${String(Math.abs(year)).padStart(sign ? 3 : 4, "0")}-${two(month)}-${two(day)}`;
}

function daysIn(year, month) {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
