// What the pages do by themselves: send forms, and follow a run. Everything shown is set as text, never as HTML.
"use strict";

const csrf = document.querySelector("meta[name=csrf]").content;
const find = (name) => document.getElementById(name);

function complain(parts) {
  const place = find("complaint");
  place.textContent = parts.where
    ? `${parts.where}: expected ${parts.expected}; received ${parts.received}.\n${parts.do_this}`
    : String(parts.reason || parts);
  place.hidden = false;
  place.scrollIntoView({ block: "nearest" });
}

async function send(path, body, headers = {}) {
  const response = await fetch(path, { method: "POST", body, headers: { "x-modelwright-csrf": csrf, ...headers } });
  const answer = await response.text();
  let parts;
  try { parts = JSON.parse(answer); } catch { parts = { reason: answer }; }
  if (!response.ok) { complain(parts); return null; }
  find("complaint").hidden = true;
  return parts;
}

const sendJson = (path, value) => send(path, JSON.stringify(value), { "content-type": "application/json" });

async function busy(form, work) {
  const buttons = form.querySelectorAll("button[type=submit]");
  buttons.forEach((one) => { one.disabled = true; });
  try { await work(); } catch (error) { complain({ reason: `The workbench does not answer: ${error.message}` }); }
  buttons.forEach((one) => { one.disabled = false; });
}

// The start: a file, then what is to be predicted.
let brought = null;
find("bring")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const file = find("file").files[0];
  if (!file) return;
  busy(event.target, async () => {
    find("brought").textContent = `Reading ${file.name} …`;
    brought = await send("/data/file", file, { "x-file-name": encodeURIComponent(file.name) });
    if (!brought) { find("brought").textContent = ""; return; }
    find("brought").textContent = `${brought.rows.toLocaleString("en")} rows, ${brought.columns.length} columns.`;
    find("predict").replaceChildren(...brought.columns.map((name) => new Option(name, name)));
    find("predict").value = brought.columns[brought.columns.length - 1];
    find("task").hidden = false;
    find("predict").focus();
  });
});
find("task")?.addEventListener("submit", (event) => {
  event.preventDefault();
  busy(event.target, async () => {
    find("framing").textContent = "Looking at every column …";
    const framed = await sendJson("/task", { name: brought.name, predict: find("predict").value, question: find("question").value });
    find("framing").textContent = "";
    if (framed) location.assign("/");
  });
});

// The map: start, stop, follow.
const scores = [];
find("run")?.addEventListener("submit", (event) => {
  event.preventDefault();
  busy(event.target, async () => {
    scores.length = 0;
    const started = await sendJson("/run", { seconds: find("seconds").value });
    if (started) document.body.dataset.running = "yes";
  });
});
find("stop")?.addEventListener("click", () => busy(find("run"), () => sendJson("/run/stop", {})));

function showScores() {
  const figure = find("live-scores");
  figure.hidden = scores.length < 2;
  if (figure.hidden) return;
  const low = Math.min(...scores), high = Math.max(...scores), span = high - low || 1;
  const x = (place) => 50 + (540 * place) / (scores.length - 1);
  const y = (score) => 140 - (120 * (score - low)) / span;
  figure.querySelector("path").setAttribute("d", "M" + scores.map((score, place) => `${x(place).toFixed(1)} ${y(score).toFixed(1)}`).join("L"));
  const labels = [[low, 144], [high, 24]].map(([value, at]) => {
    const text = document.createElementNS("http://www.w3.org/2000/svg", "text");
    text.setAttribute("x", "0"); text.setAttribute("y", String(at));
    text.textContent = value.toPrecision(4);
    return text;
  });
  figure.querySelector("g").replaceChildren(...labels);
}

function place(step, state, told, answer) {
  const stop = document.querySelector(`.stop[data-step="${CSS.escape(step)}"]`);
  if (!stop) return;
  stop.className = `stop ${state}`;
  if (told) stop.querySelector(".told").textContent = told;
  stop.querySelector(".badge")?.remove();
  if (answer) {
    const badge = document.createElement("span");
    badge.className = `badge ${answer}`;
    badge.textContent = answer;
    stop.querySelector("h3").append(" ", badge);
  }
}

const steps = {
  started(event) {
    find("live-step").textContent = event.step;
    find("live-message").textContent = "";
    find("live-progress").hidden = true;
    place(event.step, "running", "going on");
  },
  noted(event) {
    find("live-step").textContent = event.step;
    find("live-message").textContent = event.message + (event.best ? `; best so far ${event.best}` : "");
    const bar = find("live-progress");
    bar.hidden = !event.total;
    if (event.total) bar.value = (event.done || 0) / event.total;
    if (typeof event.best_score === "number") { scores.push(event.best_score); showScores(); }
  },
  finished(event) { place(event.step, "done", event.summary, event.answer); },
  waiting(event) { find("live-message").textContent = `waiting for process ${event.pid}, which writes to this project`; },
  ended() { location.reload(); },
  stopped() { location.reload(); },
  failed(event) { document.body.dataset.running = "no"; complain(event); find("live").hidden = true; },
};

if (document.body.dataset.page === "map") {
  let fresh = false;
  const news = new EventSource("/run/events");
  // Of a run that was over before the page was opened, only what went wrong is news.
  news.addEventListener("state", (message) => { fresh = JSON.parse(message.data).goes_on; });
  news.onmessage = (message) => {
    const event = JSON.parse(message.data);
    if (event.kind === "started") fresh = fresh || document.body.dataset.running === "yes";
    if (!fresh && event.kind !== "failed") return;
    find("live").hidden = false;
    steps[event.kind]?.(event);
  };
}
