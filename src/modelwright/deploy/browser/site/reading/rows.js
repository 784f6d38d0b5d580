// Raw rows -> the graph's input columns, under the manifest's schema.

import { CellProblem, readerOf } from "./cells.js";
import { nearest } from "./likeness.js";
import { RowProblem, shown } from "./problems.js";

/** Reads rows under a release's fields. */
export class Schema {
  constructor(fields) {
    this.fields = fields;
    this.names = new Set(fields.map((field) => field.name));
    this.readers = fields.map(readerOf);
  }

  /** The rows as one column a field: tensor name -> {dtype, values}. Throws RowProblem. */
  columns(rows) {
    rows.forEach((row, place) => this.#check(row, place + 1));
    return new Map(this.fields.map((field, place) => [field.tensor, this.#column(field, place, rows)]));
  }

  #check(row, number) {
    if (row === null || typeof row !== "object" || Array.isArray(row)) throw notARow(number, row);
    const unknown = Object.keys(row).find((name) => !this.names.has(name));
    if (unknown !== undefined) throw this.#unknown(number, unknown);
  }

  #column(field, place, rows) {
    const values = rows.map((row, number) => this.#cell(field, place, row, number + 1));
    return { dtype: field.dtype, values };
  }

  #cell(field, place, row, number) {
    const cell = Object.hasOwn(row, field.name) ? row[field.name] : undefined;
    if (cell === undefined && field.required) throw absent(field, number);
    try {
      return this.readers[place](cell);
    } catch (problem) {
      if (!(problem instanceof CellProblem)) throw problem;
      const { expected, received, do_this } = problem;
      throw new RowProblem({ row: number, field: field.name, expected, received, do_this });
    }
  }

  #unknown(number, name) {
    const near = nearest(name, this.names);
    const hint = near === undefined ? "" : `Did you mean '${near}'? `;
    return new RowProblem({
      row: number,
      field: name,
      expected: `only fields of the schema: ${[...this.names].join(", ")}`,
      received: "a field the model does not know",
      do_this: `${hint}Leave the field out; the schema lists the fields.`,
    });
  }
}

function absent(field, number) {
  return new RowProblem({
    row: number,
    field: field.name,
    expected: `the field '${field.name}' (${field.dtype})`,
    received: "a row without it",
    do_this: "Add the field; send null if its value is not known.",
  });
}

function notARow(number, row) {
  return new RowProblem({
    row: number,
    expected: 'a row as a JSON object, {"field": value, ...}',
    received: shown(row),
    do_this: "Send one object, or a list of objects.",
  });
}
