// Raw values to tensors, and an answer's numbers to an answer: preparation.json followed in plain JavaScript.
//
// A row is an object of name -> number (dates: seconds since 1970-01-01T00:00 UTC), text, or null where it is
// missing. It needs no package. In C++: preparation.hpp; in Python: preparation.py; all three say the same.

const BLANK = "[\\t\\n\\v\\f\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const BLANKS = new RegExp(`^${BLANK}+|${BLANK}+$`, "g");
const [PADDING, UNKNOWN, FIRST_WORD] = [0, 1, 2];
const SECONDS_A_DAY = 86_400;

/** What preparation.json says, ready to be followed. */
export class Preparation {
  /** @param specification the file's content, parsed. */
  constructor(specification) {
    this.said = specification;
    this.token = new RegExp(specification.token, "gu");
    this.known = specification.categories.map((one) => new Map(one.kept.map((name, place) => [name, place + 2])));
    this.words = specification.texts.map((one) => new Map(one.words.map((word, place) => [word, place])));
    this.terms = specification.texts.map(
      (one) => new Map((one.terms ?? []).map(([first, second], place) => [`${first} ${second}`, place])),
    );
  }

  /** The model's inputs for one row: name -> flat list of numbers, in the order of the tensor's shape. */
  tensors(row) {
    const values = Object.fromEntries(this.said.fields.map((field) => [field.name, read(field, row[field.name])]));
    return Object.fromEntries(this.said.tensors.map(({ name }) => [name, this[name](values)]));
  }

  /** What the model's output means: its prediction, and its bare outputs (probabilities or values). */
  answer(raw) {
    const { kind, classes, targets, threshold, scale, centre } = this.said.answer;
    if (classes.length === 0) {
      const outputs = Array.from(raw, (one, place) => one * scale[place] + centre[place]);
      const named = Object.fromEntries(targets.map((name, place) => [name, outputs[place]]));
      return { prediction: kind === "regression" ? outputs[0] : named, outputs };
    }
    const outputs = raw.length === 1 ? [1 - raw[0], raw[0]] : Array.from(raw);
    const place = kind === "binary" ? Number(outputs[1] >= threshold) : outputs.indexOf(Math.max(...outputs));
    return { prediction: classes[place], outputs };
  }

  numbers(values) {
    const most = this.said.most_deviations;
    const [found, indicators] = [[], []];
    for (const one of this.said.numbers) {
      const read = values[one.column];
      const value = one.part === "value" ? read : this.#datePart(read, one.part);
      const missing = Number.isNaN(value);
      const deviations = ((missing ? one.median : value) - one.centre) / one.scale;
      found.push(Math.fround(Math.min(Math.max(deviations, -most), most)));
      if (one.indicator) indicators.push(Number(missing));
    }
    return [...found, ...indicators];
  }

  /** Howard Hinnant's civil_from_days; years begin in March, so that all numbers are positive. */
  #datePart(seconds, part) {
    if (Number.isNaN(seconds)) return NaN;
    const moment = Math.min(Math.max(seconds, this.said.first_second), this.said.last_second);
    if (part === "days") return moment / SECONDS_A_DAY;
    const over = (number, divisor) => Math.floor(number / divisor);
    const second = Math.floor(moment) + 719_468 * SECONDS_A_DAY;
    const days = over(second, SECONDS_A_DAY);
    const era = over(days, 146_097);
    const dayOfEra = days - era * 146_097;
    const years = dayOfEra - over(dayOfEra, 1_460) + over(dayOfEra, 36_524) - over(dayOfEra, 146_096);
    const yearOfEra = over(years, 365);
    const fromMarch = dayOfEra - (365 * yearOfEra + over(yearOfEra, 4) - over(yearOfEra, 100));
    const shifted = over(5 * fromMarch + 2, 153);
    const afterDecember = over(shifted, 10);
    const year = yearOfEra + era * 400 + afterDecember;
    const leap = Number(year % 4 === 0) - Number(year % 100 === 0) + Number(year % 400 === 0);
    return {
      year,
      month: shifted + 3 - 12 * afterDecember,
      day: fromMarch - over(153 * shifted + 2, 5) + 1,
      weekday: (days + 2) % 7,
      hour: over(second - days * SECONDS_A_DAY, 3_600),
      yearday: fromMarch + 60 + leap - afterDecember * (365 + leap),
    }[part];
  }

  codes(values) {
    return this.said.categories.map(({ column }, place) => {
      const text = values[column];
      return text === "" ? PADDING : (this.known[place].get(text) ?? UNKNOWN);
    });
  }

  /** A text's tokens as places in the vocabulary, -1 for others; only A to Z are lowered. */
  #split(place, values) {
    const text = values[this.said.texts[place].column].replace(/[A-Z]+/g, (run) => run.toLowerCase());
    return (text.match(this.token) ?? []).map((token) => this.words[place].get(token) ?? -1);
  }

  tokens(values) {
    const length = this.said.max_tokens;
    return this.said.texts.flatMap((text, place) => {
      const known = this.#split(place, values).slice(0, length);
      const ids = known.map((one) => (one >= 0 && one < text.counted_words ? FIRST_WORD + one : UNKNOWN));
      return [...ids, ...Array(length - ids.length).fill(PADDING)];
    });
  }

  /** Each term's weight: (1 + log of its count) x rarity, all scaled to length 1. */
  #bag(place, values) {
    const words = this.#split(place, values);
    const counts = new Map();
    const count = (first, second) => {
      const term = this.terms[place].get(`${first} ${second}`);
      if (term !== undefined) counts.set(term, (counts.get(term) ?? 0) + 1);
    };
    words.forEach((word, at) => {
      if (word >= 0) count(word, -1);
      if (at > 0 && word >= 0 && words[at - 1] >= 0) count(words[at - 1], word);
    });
    const { logarithms, texts } = this.said;
    const weights = [];
    let total = 0;
    for (const term of [...counts.keys()].sort((one, other) => one - other)) {
      const logarithm = logarithms[Math.min(counts.get(term), logarithms.length) - 1];
      const weight = (1 + logarithm) * texts[place].rarity[term];
      weights.push([term, weight]);
      total += weight * weight;
    }
    const bag = new Array((texts[place].terms ?? []).length).fill(0);
    for (const [term, weight] of weights) bag[term] = Math.fround(weight / Math.sqrt(total));
    return bag;
  }

  /** Numbers, each category's codes as 0 and 1, and the bags. */
  design(values) {
    const found = this.numbers(values);
    this.codes(values).forEach((code, place) => {
      const size = this.said.categories[place].kept.length + 2;
      for (let other = 0; other < size; other += 1) found.push(Number(other === code));
    });
    const bags = this.said.texts.map((_, place) => this.#bag(place, values)).flat();
    return found.concat(this.said.terms === null ? bags : this.said.terms.map((term) => bags[term]));
  }
}

/** A number, NaN where missing; or a text, empty where missing. */
function read(field, value) {
  if (field.type === "string") {
    const text = value ?? "";
    const stripped = text.replace(BLANKS, "");
    const missing = field.missing.some((token) => token.replace(BLANKS, "") === stripped);
    return stripped === "" || missing ? "" : text;
  }
  const number = value ?? NaN;
  const missing = field.missing.some((token) => token.trim() !== "" && Number(token) === number);
  return missing ? NaN : number;
}
