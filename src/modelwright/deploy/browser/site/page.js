// The demonstration page: a form whose rows the model answers.

import { RowProblem, load } from "./modelwright.js";

const MOST_SHARES = 8; // classes shown; the rest are too unlikely to read
const byId = (id) => document.getElementById(id);
const controls = [...document.querySelectorAll("[data-field]")];
const examples = [];

const opened = performance.now();
try {
  const [model, golden] = await Promise.all([load(), fetch("golden.json").then((response) => response.json())]);
  examples.push(...golden.rows);
  begin(model);
} catch (problem) {
  say("The model cannot answer here.");
  complain(problem.message);
}

function begin(model) {
  say(`Ready after ${milliseconds(performance.now() - opened)}.`);
  byId("ask").disabled = false;
  byId("example").disabled = examples.length === 0;
  byId("form").addEventListener("submit", (event) => {
    event.preventDefault();
    ask(model);
  });
  byId("form").addEventListener("reset", forget);
  byId("example").addEventListener("click", () => fillIn(model));
  keepForLater();
}

function fillIn(model) {
  const example = examples.shift();
  examples.push(example);
  for (const control of controls) {
    const cell = example[control.name];
    if (control.tagName === "SELECT") offer(control, cell);
    control.value = cell ?? "";
  }
  ask(model);
}

/** An example may hold a value that the list of choices lacks. */
function offer(select, cell) {
  const text = String(cell ?? "");
  if (text && ![...select.options].some((option) => option.value === text)) select.add(new Option(text));
}

async function ask(model) {
  forget();
  const row = Object.fromEntries(controls.map((control) => [control.name, control.value]));
  const start = performance.now();
  try {
    show(model.manifest, await model.predict(row), performance.now() - start);
  } catch (problem) {
    if (problem instanceof RowProblem && problem.field) point(problem);
    else complain(problem.message);
  }
}

function show(manifest, answer, took) {
  byId("answer-title").textContent = manifest.targets.join(", ");
  const { prediction, probabilities } = answer;
  byId("prediction").textContent = typeof prediction === "object" ? "" : written(prediction);
  if (probabilities) shares(probabilities, share);
  else if (typeof prediction === "object") shares(prediction, value);
  byId("took").textContent = `Answered in ${milliseconds(took)} on this machine.`;
  byId("answer").hidden = false;
}

function shares(named, entry) {
  const ordered = Object.entries(named);
  if (entry === share) ordered.sort(([, one], [, other]) => other - one);
  byId("shares").replaceChildren(...ordered.slice(0, MOST_SHARES).flatMap(([name, number]) => entry(name, number)));
}

function share(name, number) {
  const meter = document.createElement("meter");
  meter.value = number;
  meter.textContent = percent(number);
  return [element("dt", name), element("dd", percent(number), meter)];
}

function value(name, number) {
  return [element("dt", name), element("dd", written(number))];
}

function element(tag, text, ...others) {
  const made = document.createElement(tag);
  made.append(...others, Object.assign(document.createElement("span"), { textContent: text }));
  return made;
}

/** Say what is wrong beside the field it is wrong with. */
function point(problem) {
  const control = controls.find((one) => one.name === problem.field);
  const note = control.parentElement.querySelector(".wrong");
  note.textContent = `Expected ${problem.expected}; received ${problem.received}.`;
  note.hidden = false;
  control.setAttribute("aria-invalid", "true");
  control.focus();
}

function complain(message) {
  byId("problem").textContent = message;
  byId("problem").hidden = false;
}

function forget() {
  byId("answer").hidden = true;
  byId("problem").hidden = true;
  byId("shares").replaceChildren();
  for (const control of controls) {
    control.removeAttribute("aria-invalid");
    control.parentElement.querySelector(".wrong").hidden = true;
  }
}

/** Once the files are kept, the page answers without a network. */
async function keepForLater() {
  if (!("serviceWorker" in navigator)) return;
  try {
    const registration = await navigator.serviceWorker.register("worker.js");
    await navigator.serviceWorker.ready;
    say(`${byId("status").textContent} From now on it works without a network, too.`);
    await registration.update(); // is there a newer release?
  } catch {
    // There is no network now; or a private window forbids to keep files, and the page needs it next time, too.
  }
}

function say(text) {
  byId("status").textContent = text;
}

function written(prediction) {
  if (typeof prediction === "string") return prediction;
  return new Intl.NumberFormat(undefined, { maximumSignificantDigits: 6 }).format(prediction);
}

function percent(number) {
  return new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 }).format(number);
}

function milliseconds(number) {
  return `${number < 10 ? number.toFixed(1) : Math.round(number)} ms`;
}
