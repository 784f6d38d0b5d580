// node replay.mjs preparation.mjs preparation.json < rows.jsonl: each row's tensors, as JSON.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [, , module, specification] = process.argv;
const { Preparation } = await import(pathToFileURL(module));
const preparation = new Preparation(JSON.parse(readFileSync(specification, "utf-8")));
const lines = readFileSync(0, "utf-8").split("\n").filter(Boolean);
process.stdout.write(lines.map((line) => JSON.stringify(preparation.tensors(JSON.parse(line)))).join("\n"));
