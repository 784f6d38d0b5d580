// Outputs of the graph -> answers people can use.

import { RowProblem } from "./problems.js";

const EVEN_THRESHOLD = 0.5; // where the manifest names none: the likelier class

/** One answer a row: model, prediction and, for classes, the probability of each. Throws RowProblem. */
export function answersOf(manifest, outputs) {
  const unknown = outputs.findIndex((row) => !row.every(Number.isFinite));
  if (unknown !== -1) throw noAnswer(unknown + 1);
  return outputs.map((row) => {
    const answer = { model: manifest.name, prediction: decided(manifest, row) };
    if (manifest.classes.length > 0) answer.probabilities = named(manifest.classes, row);
    return answer;
  });
}

function decided(manifest, row) {
  if (manifest.kind === "binary") {
    return manifest.classes[Number(row.at(-1) >= (manifest.threshold ?? EVEN_THRESHOLD))];
  }
  if (manifest.kind === "multiclass") return manifest.classes[row.indexOf(Math.max(...row))];
  return manifest.kind === "regression" ? row[0] : named(manifest.targets, row);
}

function named(names, row) {
  return Object.fromEntries(names.map((name, place) => [name, row[place]]));
}

function noAnswer(row) {
  return new RowProblem({
    row,
    expected: "values the model has a finite answer for",
    received: "values so extreme that its answer is not a number",
    do_this: "Check the row's numbers for a wrong unit or a slip of the keyboard.",
  });
}
