// What does one raw cell mean? A number, a moment or a text; or missing. The server's own rules.

import { momentOf } from "./moments.js";
import { numberText, shown } from "./problems.js";

const NUMBER = /^[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
// Unicode's White_Space. JavaScript's own trim() takes one character more (U+FEFF) and one less (U+0085).
const BLANK = "[\\t\\n\\v\\f\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const BLANKS = new RegExp(`^${BLANK}+|${BLANK}+$`, "g");
const HALF_A_PAIR = /\p{Surrogate}/u;
const MAX_EPOCH_SECONDS = 1e11; // about the year 5138; more is milliseconds or a slip
const MAX_WHOLE_DIGITS = 4300; // the server's Python writes no whole number that is longer

/** A cell that its field does not allow; the row and the field are the caller's to add. */
export class CellProblem extends Error {
  constructor(expected, received, do_this) {
    super(expected);
    Object.assign(this, { expected, received, do_this });
  }
}

/** The function that reads one field's cells: NaN or the empty string where missing. */
export function readerOf(field) {
  const tokens = new Set((field.missing_tokens ?? []).map(stripped));
  const numbers = new Set([...tokens].filter((token) => NUMBER.test(token)).map(Number));
  const missing = { tokens, numbers };
  if (field.dtype === "string") return (cell) => readText(cell, missing);
  if (field.dtype === "number") return (cell) => readNumber(cell, missing);
  if (field.date_format === "epoch") return (cell) => readEpoch(cell, missing);
  return (cell) => readMoment(cell, field.date_format || "iso", missing);
}

function readNumber(cell, missing) {
  if (isNothing(cell)) return NaN;
  const value = typeof cell === "string" ? numberInText(cell, missing) : numberIn(cell);
  return missing.numbers.has(value) ? NaN : value;
}

function numberInText(cell, missing) {
  const text = stripped(cell);
  if (isMissing(text, missing)) return NaN;
  if (!NUMBER.test(text)) throw notA("a number", cell, "Send a number, or null where it is missing.");
  return finite(Number(text), cell);
}

function numberIn(cell) {
  if (typeof cell !== "number" && typeof cell !== "bigint") {
    throw notA("a number", cell, "Send a number, or null where it is missing.");
  }
  return finite(Number(cell), cell);
}

function finite(value, cell) {
  if (Math.abs(value) !== Infinity) return value;
  throw notA("a finite number of at most about 1.8e308", cell, "Send a smaller number, or null if unknown.");
}

function readEpoch(cell, missing) {
  const seconds = readNumber(cell, missing);
  if (Math.abs(seconds) >= MAX_EPOCH_SECONDS) {
    throw notA("seconds since 1970-01-01", cell, "Send seconds, not milliseconds.");
  }
  return roundedToEven(seconds * 1e6) / 1e6;
}

function roundedToEven(value) {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

function readMoment(cell, format, missing) {
  if (isNothing(cell)) return NaN;
  const how = format === "iso" ? "ISO 8601, such as 2024-05-31 or 2024-05-31T12:30:00" : shown(format);
  if (typeof cell !== "string") {
    throw notA(`a date as text (${how})`, cell, "Send the date as a JSON string, or null.");
  }
  const text = stripped(cell);
  if (isMissing(text, missing)) return NaN;
  const seconds = momentOf(text, format);
  if (seconds === undefined) {
    throw notA(`a date (${how})`, cell, "Write the date in that format, or send null.");
  }
  return seconds;
}

function readText(cell, missing) {
  if (isNothing(cell)) return "";
  if (typeof cell !== "string") return plainText(cell);
  const text = stripped(cell);
  if (!text || missing.tokens.has(text)) return "";
  if (HALF_A_PAIR.test(cell)) {
    throw new CellProblem(
      "text in Unicode", "half of a surrogate pair", "Send whole characters, encoded as UTF-8.",
    );
  }
  return cell;
}

/** Numbers and true/false are written as collecting writes them. */
function plainText(cell) {
  if (typeof cell === "boolean") return String(cell);
  if (typeof cell === "bigint") return wholeText(cell);
  if (typeof cell !== "number") throw notA("text", cell, "Send one string, or null where it is missing.");
  if (Number.isNaN(cell)) return "";
  const value = finite(cell, cell);
  return Number.isInteger(value) ? BigInt(value).toString() : numberText(value);
}

function wholeText(cell) {
  const text = cell.toString();
  if (text.replace("-", "").length <= MAX_WHOLE_DIGITS) return text;
  throw notA("text", cell, "Send so long a number as a JSON string.");
}

function isNothing(cell) {
  return cell === null || cell === undefined;
}

function isMissing(text, missing) {
  return !text || missing.tokens.has(text) || text.toLowerCase() === "nan";
}

function stripped(text) {
  return text.replace(BLANKS, "");
}

function notA(expected, cell, do_this) {
  return new CellProblem(expected, `${shown(cell)} (${kindOf(cell)})`, do_this);
}

function kindOf(cell) {
  if (typeof cell === "boolean") return "true/false";
  if (typeof cell === "string") return "text";
  if (Array.isArray(cell)) return "a list";
  return typeof cell === "object" ? "an object" : "a number";
}
