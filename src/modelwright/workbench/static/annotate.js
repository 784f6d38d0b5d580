// Annotating: keys first, the next item at once, nothing lost. Everything shown is set as text, never as HTML.
"use strict";

const question = JSON.parse(find("question").textContent);
const AHEAD = 5;      // items held in store
const PATIENCE = 2000; // milliseconds between attempts while nothing answers
const SOON = 100;      // and while the last answers are on their way
const tab = (sessionStorage.tab ||= crypto.randomUUID());
const box = `outbox ${location.port} ${tab}`;
const desk = { name: "", items: [], chosen: new Set(), since: 0, sending: false, done: [], progress: null, asking: false, nothing: false };

const outbox = () => JSON.parse(localStorage.getItem(box) || "[]");
const keep = (acts) => (acts.length ? localStorage.setItem(box, JSON.stringify(acts)) : localStorage.removeItem(box));

// What a tab that was closed could not send, this one sends: twice is once.
for (const name of Object.keys(localStorage)) {
  if (!name.startsWith(`outbox ${location.port} `) || name === box) continue;
  keep([...outbox(), ...JSON.parse(localStorage.getItem(name) || "[]")]);
  localStorage.removeItem(name);
}

async function ask(path, value) {
  const response = await fetch(path, {
    method: "POST", body: JSON.stringify(value),
    headers: { "x-modelwright-csrf": csrf, "content-type": "application/json" },
  });
  const answer = await response.json().catch(() => ({ reason: response.statusText }));
  return { ok: response.ok, status: response.status, answer };
}

function told(words, kind) {
  find("saved").textContent = words;
  find("saved").dataset.kind = kind;
}

async function send() {
  if (desk.sending) return;
  desk.sending = true;
  try {
    for (let acts = outbox(); acts.length; acts = outbox()) {
      told("saving …", "busy");
      const sent = acts.slice(0, 100);
      const { ok, status, answer } = await ask("/annotate/acts", { acts: sent });
      if (!ok && status === 422 && sent.length > 1) {
        // One of them is refused, and with it all: one by one, to know which.
        for (const act of sent) await one(act);
      } else if (!ok && status === 422) {
        complain(answer);
        drop(sent);
      } else if (!ok) {
        throw new Error(answer.reason || String(status));
      } else {
        drop(sent);
        await turned(sent, answer.receipts);
      }
    }
    told("saved", "done");
  } catch {
    told(`offline: ${outbox().length} kept on this machine`, "offline");
    setTimeout(send, PATIENCE);
  } finally {
    desk.sending = false;
  }
}

async function one(act) {
  const { ok, status, answer } = await ask("/annotate/acts", { acts: [act] });
  if (!ok && status !== 422) throw new Error(String(status));
  if (!ok) complain(answer);
  drop([act]);
  if (ok) await turned([act], answer.receipts);
}

const drop = (sent) => { const gone = new Set(sent.map((act) => act.answer_id)); keep(outbox().filter((act) => !gone.has(act.answer_id))); };

async function turned(acts, receipts) {
  for (const [place, act] of acts.entries()) {
    if (act.act !== "undo" || act.annotator !== desk.name) continue;
    if (!receipts[place].key) { told("nothing to undo", "done"); continue; }
    const { ok, answer } = await ask("/annotate/again", { annotator: desk.name, key: receipts[place].key, tab });
    if (ok && answer.item) { desk.items = [answer.item, ...desk.items.filter((item) => item.key !== answer.item.key)]; show(); }
  }
}

function act(what) {
  const seconds = desk.since ? (performance.now() - desk.since) / 1000 : null;
  keep([...outbox(), { answer_id: crypto.randomUUID(), annotator: desk.name, seconds, ...what }]);
  send();
}

async function more() {
  if (desk.asking) return;
  desk.asking = true;
  let wait = 0;
  try {
    const count = AHEAD + outbox().length; // what is not stored yet is dealt again
    const { ok, answer } = await ask("/annotate/deal", { annotator: desk.name, tab, count });
    if (!ok) throw new Error(answer.reason || answer.received);
    const gone = new Set([...desk.items.map((item) => item.key), ...outbox().map((one) => one.key), ...desk.done]);
    const fresh = answer.items.filter((item) => !gone.has(item.key));
    const none = !desk.items.length;
    desk.items.push(...fresh);
    desk.nothing = !answer.items.length;
    desk.progress = answer.progress;
    far();
    if (none) show();
    wait = desk.items.length || desk.nothing ? 0 : SOON;
  } catch {
    wait = PATIENCE;
  } finally {
    desk.asking = false;
  }
  if (wait) setTimeout(more, wait);
}

function far() {
  const all = desk.progress;
  if (!all) return;
  const mine = all.annotators.find((one) => one.name === desk.name);
  find("far").value = all.items ? 1 - all.open / all.items : 0;
  const pace = mine && mine.median_seconds ? `, ${mine.median_seconds.toFixed(1)} s each` : "";
  find("pace").textContent = `${all.answered.toLocaleString("en")} of ${all.items.toLocaleString("en")} answered by somebody, ${(mine ? mine.answers : 0).toLocaleString("en")} by you${pace}${all.disputed ? `, ${all.disputed} in dispute` : ""}`;
}

function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function show() {
  const item = desk.items[0], place = find("item");
  desk.chosen = new Set();
  find("why").hidden = true;
  find("suggested").hidden = true;
  if (!item) {
    place.replaceChildren(element("p", desk.nothing ? "Nothing is left for you to answer." : "One moment …", "lead"));
    find("answers").replaceChildren();
    return;
  }
  const parts = [];
  if (item.image) {
    const picture = element("img");
    picture.src = `/annotate/image?name=${encodeURIComponent(item.image)}`;
    picture.alt = item.image;
    parts.push(picture);
  }
  const cells = Object.entries(item.content);
  if (cells.length === 1) parts.push(element("p", cells[0][1] ?? "missing", "text"));
  else {
    const list = element("dl", undefined, "pairs");
    for (const [name, cell] of cells) {
      const pair = element("div");
      pair.append(element("dt", name), element("dd", cell ?? "missing"));
      list.append(pair);
    }
    parts.push(list);
  }
  place.replaceChildren(...parts);
  answers(item);
  desk.since = performance.now();
}

function answers(item) {
  const suggested = item.prelabel;
  if (suggested !== null && suggested !== undefined) {
    find("suggested").textContent = `The model says: ${Array.isArray(suggested) ? suggested.join(", ") : suggested}`;
    find("suggested").hidden = false;
  }
  if (question.kind === "scalar") {
    const input = element("input");
    Object.assign(input, { type: "number", step: "any", id: "number", required: true });
    if (question.lowest !== null) input.min = question.lowest;
    if (question.highest !== null) input.max = question.highest;
    input.setAttribute("aria-label", question.target);
    find("answers").replaceChildren(input, done());
    input.focus();
    return;
  }
  const buttons = question.labels.map((label, place) => {
    const button = element("button", undefined, "quiet answer");
    button.type = "button";
    if (place < 9) button.append(element("kbd", String(place + 1)), " ");
    button.append(label);
    if (label === suggested || (Array.isArray(suggested) && suggested.includes(label))) button.classList.add("suggested");
    if (question.kind === "multi") button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => choose(label));
    return button;
  });
  find("answers").replaceChildren(...buttons, ...(question.kind === "multi" ? [done()] : []));
}

function done() {
  const button = element("button", "Done ");
  button.type = "button";
  button.append(element("kbd", "Enter"));
  button.addEventListener("click", finish);
  return button;
}

function choose(label) {
  if (question.kind === "single") { answer(label); return; }
  desk.chosen.has(label) ? desk.chosen.delete(label) : desk.chosen.add(label);
  question.labels.forEach((one, place) => find("answers").children[place].setAttribute("aria-pressed", String(desk.chosen.has(one))));
}

function finish() {
  if (question.kind === "multi") answer(question.labels.filter((label) => desk.chosen.has(label)));
  else if (question.kind === "scalar" && find("number").reportValidity()) answer(Number(find("number").value));
}

function passed() {
  const item = desk.items.shift();
  desk.done = [...desk.done.slice(-50), item.key];
  show();
  if (desk.items.length < AHEAD - 1) more();
  return item;
}

function answer(value) {
  if (!desk.items.length) return;
  act({ act: "answer", key: desk.items[0].key, value });
  passed();
}

function skip() {
  if (!desk.items.length) return;
  find("why").hidden = false;
  find("reason").focus();
}

const turn = (what) => { desk.done = []; act({ act: what }); if (what === "redo") { desk.items = []; setTimeout(more, 200); } };

find("why").addEventListener("submit", (event) => {
  event.preventDefault();
  act({ act: "skip", key: desk.items[0].key, reason: find("reason").value });
  find("reason").value = "";
  passed();
});
find("skip").addEventListener("click", skip);
find("undo").addEventListener("click", () => turn("undo"));
find("redo").addEventListener("click", () => turn("redo"));
find("other").addEventListener("click", () => { localStorage.removeItem("annotator"); location.reload(); });
find("write").addEventListener("submit", (event) => {
  event.preventDefault();
  busy(event.target, async () => {
    if (await sendJson("/annotate/guideline", { text: find("text").value, author: desk.name || "somebody" })) location.reload();
  });
});
document.addEventListener("keydown", (event) => {
  if (find("desk").hidden || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const typing = event.target.matches("input, textarea, select");
  if (typing) {
    if (event.key === "Escape") { find("why").hidden = true; event.target.blur(); }
    if (event.key === "Enter" && event.target.id === "number") finish();
    return;
  }
  const label = question.kind !== "scalar" && question.labels[Number(event.key) - 1];
  const acts = { u: () => turn("undo"), r: () => turn("redo"), s: skip };
  if (label && desk.items.length) choose(label);
  else if (event.key === "Enter" && !event.target.matches("button, summary, a")) finish();
  else if (acts[event.key]) acts[event.key]();
  else return;
  event.preventDefault();
});

function begin(name) {
  desk.name = name;
  localStorage.setItem("annotator", name);
  find("who").hidden = true;
  find("desk").hidden = false;
  find("item").focus();
  send();
  more();
}
find("who").addEventListener("submit", (event) => { event.preventDefault(); begin(find("name").value.trim() || "somebody"); });
if (localStorage.getItem("annotator")) begin(localStorage.getItem("annotator"));
