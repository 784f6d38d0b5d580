/** What a cell may be: numbers also as text, dates as text of the field's format, null where missing. */
export type Cell = string | number | bigint | boolean | null | undefined;
/** One row: field name -> cell. */
export type Row = Readonly<Record<string, Cell>>;
/** A class name, a number, or target -> number, as the manifest's kind says. */
export type Prediction = string | number | Readonly<Record<string, number>>;

/** The answer to one row, the same as the server's `POST /predict`. */
export interface Answer {
  /** The release that answered. */
  readonly model: string;
  readonly prediction: Prediction;
  /** Class name -> probability; classifications only. */
  readonly probabilities?: Readonly<Record<string, number>>;
}

/** One input of the model. */
export interface Field {
  readonly name: string;
  readonly tensor: string;
  readonly dtype: "number" | "date" | "string";
  /** Whether a row without the field is refused; null is always taken as missing. */
  readonly required: boolean;
  /** A strptime format, "iso", or "epoch" for numbers of seconds. */
  readonly date_format: string | null;
  /** Spellings that count as missing, besides the empty cell. */
  readonly missing_tokens: readonly string[];
}

/** What the release says of itself. */
export interface Manifest {
  readonly format: string;
  readonly name: string;
  readonly kind: "binary" | "multiclass" | "regression" | "vector_regression";
  readonly classes: readonly string[];
  readonly targets: readonly string[];
  readonly positive_class: string | null;
  readonly threshold: number | null;
  readonly measure: Readonly<Record<string, string | number>>;
  readonly inputs: readonly Field[];
  readonly output: string;
  /** Tensors of texts whose A to Z are lowered before the graph reads them. */
  readonly lowered: readonly string[];
  /** Whether rows are answered one at a time: integers are scaled anew in every call, by its largest value. */
  readonly alone: boolean;
  readonly question: string;
  readonly digests: Readonly<Record<string, string>>;
  readonly trained_rows: number;
  readonly versions: Readonly<Record<string, string>>;
}

/** A model that takes raw rows and answers in the page. */
export interface Model {
  readonly manifest: Manifest;
  /** @throws {RowProblem} a row breaks the schema, or the model has no finite answer for it. */
  predict(row: Row): Promise<Answer>;
  predict(rows: readonly Row[]): Promise<Answer[]>;
  /** The bare outputs, one list a row: probabilities in the order of the classes, or values. */
  outputs(rows: readonly Row[]): Promise<number[][]>;
  /** Give the memory back; the model answers no more. */
  release(): Promise<void>;
}

/** The four parts of a problem and its kind, as plain data. */
export interface Parts {
  readonly error: string;
  readonly where: string;
  readonly expected: string;
  readonly received: string;
  readonly do_this: string;
  readonly row?: number;
  readonly field?: string;
}

/** Where it is, what was expected, what was received and what to do. */
export class Problem extends Error {
  readonly where: string;
  readonly expected: string;
  readonly received: string;
  readonly do_this: string;
  parts(): Parts;
}

/** A row the model's schema does not allow. */
export class RowProblem extends Problem {
  /** Its number among the rows given, from 1. */
  readonly row: number;
  /** The field at fault; empty when the row itself is. */
  readonly field: string;
}

/** A release that is missing, damaged or of another version. */
export class ReleaseProblem extends Problem {}

/**
 * Fetch the release's files, check them, and get the model ready to answer.
 *
 * @param folder where the release lies; by default, where this module does.
 * @throws {ReleaseProblem} a file is missing, damaged or of another version.
 */
export function load(folder?: string | URL): Promise<Model>;
