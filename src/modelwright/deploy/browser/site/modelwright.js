// The model in a page: load() it once, predict(rows) as often as you like. Types: modelwright.d.ts.

import { answersOf } from "./reading/answers.js";
import { Problem, ReleaseProblem, RowProblem } from "./reading/problems.js";
import { Schema } from "./reading/rows.js";
import * as runtime from "./runtime/onnxruntime.js";

export { Problem, ReleaseProblem, RowProblem };

const FORMAT = "modelwright-release/1";
const HERE = new URL(".", import.meta.url);
const MODEL_FILE = "model.onnx";
const RUNTIME_FILE = "runtime/onnxruntime.wasm.gz";
const GZIP = 0x1f;
const TENSOR_KINDS = { number: "float64", date: "float64", string: "string" };

// A text becomes a row of tokens as wide as the chunk's longest text, and the bags of a chunk are made dense:
// this bounds both, for a page's memory grows and never shrinks.
const CHUNK_ROWS = 256;
const CHUNK_CHARACTERS = 1_000_000;

/** Fetch the release's files, check them, and get the model ready to answer. */
export async function load(folder = HERE) {
  const base = new URL(folder, globalThis.location?.href ?? HERE);
  const [manifest, golden, graph] = await Promise.all([
    fetched("manifest.json", base).then(parsedManifest),
    fetched("golden.json", base),
    fetched(MODEL_FILE, base),
    startRuntime(),
  ]);
  await Promise.all([verify(manifest, MODEL_FILE, graph), verify(manifest, "golden.json", golden)]);
  const model = new Model(manifest, await sessionOf(graph));
  await model.replay(JSON.parse(new TextDecoder().decode(golden)));
  return model;
}

/** A model that takes raw rows and answers in the page; what it is asked leaves nothing behind. */
class Model {
  #schema;
  #session;
  #last = Promise.resolve();

  constructor(manifest, session) {
    this.manifest = manifest;
    this.#schema = new Schema(manifest.inputs);
    this.#session = session;
  }

  /** One answer for one row, or a list of them for a list of rows. */
  async predict(rows) {
    if (!Array.isArray(rows)) return (await this.predict([rows]))[0];
    return answersOf(this.manifest, await this.outputs(rows));
  }

  /** The bare outputs, one list a row: probabilities in the order of the classes, or values. */
  async outputs(rows) {
    const columns = this.#schema.columns(rows);
    const outputs = [];
    for (const [start, stop] of chunksOf(columns, rows.length, this.manifest.alone ? 1 : CHUNK_ROWS)) {
      outputs.push(...(await this.#run(columns, start, stop)));
    }
    return outputs;
  }

  /** Give the memory back; the model answers no more. */
  async release() {
    await this.#last;
    await this.#session.release();
  }

  /** Answer the golden rows: proves the runtime on this machine, and warms the model up. */
  async replay(golden) {
    const outputs = await this.outputs(golden.rows);
    outputs.forEach((row, place) => {
      const known = golden.outputs[place];
      if (row.every((value, one) => Math.abs(value - known[one]) <= golden.tolerance[one])) return;
      throw new ReleaseProblem({
        where: `golden.json, row ${place + 1}`,
        expected: `the answer ${JSON.stringify(known)}`,
        received: `${JSON.stringify(row)} in this browser`,
        do_this: "Try another browser, and report this one with its version.",
      });
    });
  }

  /** One run at a time: callers that ask at the same moment are answered in turn. */
  #run(columns, start, stop) {
    const answered = this.#last.then(() => this.#answer(columns, start, stop));
    this.#last = answered.catch(() => undefined);
    return answered;
  }

  async #answer(columns, start, stop) {
    const fed = {};
    for (const [name, { dtype, values }] of columns) {
      const cells = values.slice(start, stop);
      fed[name] = tensorOf(dtype, this.manifest.lowered.includes(name) ? cells.map(lowered) : cells);
    }
    const output = (await this.#session.run(fed))[this.manifest.output];
    const values = Array.from(output.data);
    for (const tensor of Object.values(fed)) tensor.dispose();
    output.dispose();
    const width = values.length / (stop - start);
    return Array.from({ length: stop - start }, (_, row) => values.slice(row * width, (row + 1) * width));
  }
}

/** A to Z only, as in training: the runtime's own lowering takes other alphabets too. */
function lowered(text) {
  return text.replace(/[A-Z]+/g, (run) => run.toLowerCase());
}

function tensorOf(dtype, values) {
  const kind = TENSOR_KINDS[dtype];
  // The runtime ends a text at U+0000, which no word contains; U+0001 is in no word either.
  const data = kind === "string" ? values.map((text) => text.replaceAll("\0", "\x01")) : Float64Array.from(values);
  return new runtime.Tensor(kind, data, [values.length]);
}

/** Where to cut rows into chunks of at most so many rows, and of bounded rows x longest text. */
function chunksOf(columns, rows, most) {
  const texts = [...columns.values()].filter(({ dtype }) => dtype === "string");
  const chunks = [];
  let [start, longest] = [0, 0];
  for (let row = 0; row < rows; row += 1) {
    const length = Math.max(1, ...texts.map(({ values }) => values[row].length));
    longest = Math.max(longest, length);
    const size = row - start + 1;
    if (size > 1 && (size > most || size * longest > CHUNK_CHARACTERS)) {
      chunks.push([start, row]);
      [start, longest] = [row, length];
    }
  }
  if (rows > 0) chunks.push([start, rows]);
  return chunks;
}

let started;

function startRuntime() {
  started ??= fetched(RUNTIME_FILE, HERE).then(unpacked).then(settle);
  return started;
}

function settle(binary) {
  runtime.env.wasm.wasmBinary = binary;
  runtime.env.wasm.numThreads = 1; // more need headers (COOP, COEP) that a plain web server does not send
  runtime.env.wasm.proxy = false;
  runtime.env.logLevel = "error";
}

/** The bytes without gzip, whether or not the web server has undone it already. */
async function unpacked(bytes) {
  if (new Uint8Array(bytes)[0] !== GZIP) return bytes;
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

async function sessionOf(graph) {
  const options = { executionProviders: ["wasm"], enableCpuMemArena: false, logSeverityLevel: 3 };
  try {
    return await runtime.InferenceSession.create(new Uint8Array(graph), options);
  } catch (error) {
    throw new ReleaseProblem({
      where: MODEL_FILE,
      expected: "a graph that onnxruntime-web can run",
      received: String(error?.message ?? error),
      do_this: "Ship the model again, or use a browser of 2023 or newer.",
    });
  }
}

async function fetched(name, base) {
  const url = new URL(name, base);
  const response = await fetch(url).catch((error) => ({ ok: false, status: error.message }));
  if (response.ok) return response.arrayBuffer();
  throw new ReleaseProblem({
    where: url.href,
    expected: "a file of the release",
    received: String(response.status),
    do_this: "Copy the whole folder to the web server, or connect to the network for the first visit.",
  });
}

function parsedManifest(bytes) {
  const manifest = JSON.parse(new TextDecoder().decode(bytes));
  if (manifest.format === FORMAT) return manifest;
  throw new ReleaseProblem({
    where: "manifest.json, format",
    expected: FORMAT,
    received: String(manifest.format),
    do_this: "Ship the model again with this version.",
  });
}

/** Browsers count digests on secure pages only (https, localhost); elsewhere the golden rows must do. */
async function verify(manifest, name, bytes) {
  if (globalThis.crypto?.subtle === undefined) return;
  const counted = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const digest = Array.from(counted, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (digest === manifest.digests[name]) return;
  throw new ReleaseProblem({
    where: name,
    expected: `content with sha256 ${manifest.digests[name]?.slice(0, 12)}...`,
    received: "other content",
    do_this: "Ship the model again, or copy the whole folder once more.",
  });
}
