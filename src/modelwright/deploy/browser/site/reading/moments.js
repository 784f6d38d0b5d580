// The text of a date -> seconds since 1970-01-01T00:00 UTC; undefined where it is not of its format.

const ISO =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?)?(?:Z|([+-])([0-9]{2}):?([0-9]{2}))?$/;

// What a directive looks like at all, and which of these spellings it means; both must hold.
const DIRECTIVES = {
  "%Y": ["[0-9]{4}", "[0-9]{4}"],
  "%y": ["[0-9]{2}", "[0-9]{2}"],
  "%m": ["[0-9]{1,2}", "1[0-2]|0[1-9]|[1-9]"],
  "%d": ["[0-9]{1,2}", "3[0-1]|[1-2][0-9]|0[1-9]|[1-9]"],
  "%H": ["[0-9]{1,2}", "2[0-3]|[0-1][0-9]|[0-9]"],
  "%I": ["[0-9]{1,2}", "1[0-2]|0[1-9]|[1-9]"],
  "%M": ["[0-9]{2}", "[0-5][0-9]"],
  "%S": ["[0-9]{2}", "[0-5][0-9]"],
  "%b": ["[A-Za-z]{3}", "[A-Za-z]{3}"],
  "%B": ["[A-Za-z]{3,9}", "[A-Za-z]{3,9}"],
  "%p": ["[AaPp][Mm]", "[AaPp][Mm]"],
};
const MONTHS =
  "january february march april may june july august september october november december".split(" ");
const FIRST_TWO_DIGIT_YEAR = 69; // 69 to 99 are of the twentieth century, 00 to 68 of this one
const SECONDS_A_DAY = 86_400;
const MICROSECONDS = 1e6;
const known = new Map();

export function momentOf(text, format) {
  const parts = format === "iso" ? isoParts(text) : writtenParts(text, format);
  return parts && secondsOf(parts);
}

function isoParts(text) {
  const found = ISO.exec(text);
  if (!found) return undefined;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map((part) => Number(part ?? 0));
  const micro = Number((found[7] ?? "").slice(0, 6).padEnd(6, "0"));
  const ahead = 60 * (60 * Number(found[9] ?? 0) + Number(found[10] ?? 0));
  if (ahead >= SECONDS_A_DAY) return undefined;
  return { year, month, day, hour, minute, second, micro, ahead: found[8] === "-" ? -ahead : ahead };
}

function writtenParts(text, format) {
  if (!known.has(format)) known.set(format, patternsOf(format));
  const { shape, meaning, directives } = known.get(format);
  const found = shape.test(text) && meaning.exec(text);
  if (!found) return undefined;
  const said = Object.fromEntries(directives.map((directive, place) => [directive, found[place + 1]]));
  const month = monthOf(said);
  if (month === 0) return undefined;
  return {
    year: yearOf(said),
    month,
    day: Number(said["%d"] ?? 1),
    hour: hourOf(said),
    minute: Number(said["%M"] ?? 0),
    second: Number(said["%S"] ?? 0),
    micro: 0,
    ahead: 0,
  };
}

function patternsOf(format) {
  const parts = format.split(/(%[A-Za-z])/);
  const plain = (part) => part.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
  const shape = parts.map((part) => DIRECTIVES[part]?.[0] ?? plain(part)).join("");
  const meaning = parts.map((part) => (DIRECTIVES[part] ? `(${DIRECTIVES[part][1]})` : plain(part))).join("");
  return {
    shape: new RegExp(`^(?:${shape})$`),
    meaning: new RegExp(`^(?:${meaning})$`),
    directives: parts.filter((part) => part in DIRECTIVES),
  };
}

function yearOf(said) {
  if (said["%Y"] !== undefined) return Number(said["%Y"]);
  if (said["%y"] === undefined) return 1900;
  const year = Number(said["%y"]);
  return year + (year >= FIRST_TWO_DIGIT_YEAR ? 1900 : 2000);
}

/** 1 to 12; 0 where the month's name is none. */
function monthOf(said) {
  const name = (said["%B"] ?? said["%b"])?.toLowerCase();
  if (name === undefined) return Number(said["%m"] ?? 1);
  const whole = said["%B"] !== undefined;
  return MONTHS.findIndex((month) => (whole ? month : month.slice(0, 3)) === name) + 1;
}

function hourOf(said) {
  if (said["%I"] === undefined) return Number(said["%H"] ?? 0);
  const hour = Number(said["%I"]) % 12;
  return said["%p"]?.toLowerCase() === "pm" ? hour + 12 : hour;
}

function secondsOf({ year, month, day, hour, minute, second, micro, ahead }) {
  const real = year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
  if (!real || hour > 23 || minute > 59 || second > 59) return undefined;
  const days = daysBefore(year) + dayOfYear(year, month, day) - daysBefore(1970);
  const seconds = days * SECONDS_A_DAY + hour * 3600 + minute * 60 + second - ahead;
  const micros = seconds * MICROSECONDS + micro;
  return Number.isSafeInteger(micros) ? micros / MICROSECONDS : seconds + micro / MICROSECONDS;
}

function isLeap(year) {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function daysIn(year, month) {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Days of all years before this one, from the year 1 on. */
function daysBefore(year) {
  const past = year - 1;
  return past * 365 + Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400);
}

function dayOfYear(year, month, day) {
  let days = day - 1;
  for (let earlier = 1; earlier < month; earlier += 1) days += daysIn(year, earlier);
  return days;
}
