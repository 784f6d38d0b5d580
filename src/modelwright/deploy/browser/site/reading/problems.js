// What can be wrong with a row or a release, in four parts: the server's own words.

const MAX_SHOWN_CHARACTERS = 100;
const QUADRILLIONS = 16; // Python writes a float with an exponent from 1e16 on, and below 1e-4
const TEN_THOUSANDTHS = -4;
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Zs}]/u;
const ESCAPES = new Map([["\\", "\\\\"], ["\n", "\\n"], ["\r", "\\r"], ["\t", "\\t"]]);

/** Where it is, what was expected, what was received and what to do. */
export class Problem extends Error {
  constructor({ where, expected, received, do_this }) {
    super(`${where}: expected ${expected}; received ${received}. ${do_this}`);
    Object.assign(this, { name: new.target.name, where, expected, received, do_this });
  }

  /** The four parts and the problem's kind, as plain data. */
  parts() {
    const { name: error, where, expected, received, do_this } = this;
    return { error, where, expected, received, do_this };
  }
}

/** A row the model's schema does not allow. `row` counts from 1; `field` is empty when the row itself is off. */
export class RowProblem extends Problem {
  constructor({ row, field = "", ...rest }) {
    super({ where: field ? `row ${row}, field '${field}'` : `row ${row}`, ...rest });
    Object.assign(this, { row, field });
  }

  parts() {
    return { ...super.parts(), row: this.row, field: this.field };
  }
}

/** A release that is missing, damaged or of another version. */
export class ReleaseProblem extends Problem {}

/** A received value as people may read it, at most 100 characters. */
export function shown(value) {
  if (value === null || value === undefined) return "null";
  if (typeof value === "boolean") return String(value);
  if (typeof value === "bigint" && bits(value) > 4 * MAX_SHOWN_CHARACTERS) {
    return "a whole number of more than 100 digits";
  }
  const start = typeof value === "string" ? Array.from(value).slice(0, MAX_SHOWN_CHARACTERS + 1).join("") : value;
  const written = Array.from(literal(start));
  if (written.length <= MAX_SHOWN_CHARACTERS) return written.join("");
  return `${written.slice(0, MAX_SHOWN_CHARACTERS).join("")}...`;
}

/** A number as the server writes it: the shortest digits that mean it, exponents from 1e16 on and below 1e-4. */
export function numberText(value) {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const [digits, power] = value.toExponential().split("e");
  const exponent = Number(power);
  if (exponent >= QUADRILLIONS || exponent < TEN_THOUSANDTHS) {
    return `${digits}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  if (Object.is(value, -0)) return "-0.0";
  if (exponent >= 0) return String(value);
  const [sign, bare] = digits.startsWith("-") ? ["-", digits.slice(1)] : ["", digits];
  return `${sign}0.${"0".repeat(-exponent - 1)}${bare.replace(".", "")}`;
}

function bits(value) {
  return (value < 0n ? -value : value).toString(2).length;
}

function literal(value) {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return quoted(value);
  if (typeof value === "number") return numberText(value);
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object") return String(value);
  return `{${Object.entries(value).map(([name, cell]) => `${quoted(name)}: ${literal(cell)}`).join(", ")}}`;
}

function quoted(text) {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inner = Array.from(text, (one) => (one === quote ? `\\${one}` : escaped(one)));
  return quote + inner.join("") + quote;
}

function escaped(one) {
  if (ESCAPES.has(one)) return ESCAPES.get(one);
  if (one === " " || !UNPRINTABLE.test(one)) return one;
  const code = one.codePointAt(0);
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
}
