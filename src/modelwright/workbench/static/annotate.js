// Annotating: keys first, the next item at once, nothing lost. Everything shown is set as text, never as HTML.
import { Drawing } from "/static/annotate_boxes.js";

const question = JSON.parse(find("question").textContent);
const deciding = question.mode === "decide";
const AHEAD = deciding ? 1 : 5; // items held in store
const PATIENCE = 2000;          // milliseconds between attempts while nothing answers
const SOON = 100;               // and while the last answers are on their way
const RELOADED = 1000;          // milliseconds that a page that is left may keep what is its own
const desk = { name: "", items: [], said: {}, given: new Map(), chosen: new Set(), drawing: null, since: 0, sending: false, done: [], progress: null, asking: false, nothing: false };

// What was done and is not on the server's disk yet: each tab keeps its own, locked as long as it is open.
const kept = `outbox ${location.port} ${encodeURIComponent(question.guest)} `;
const tab = await ownTab();
const box = kept + tab;
const outbox = () => JSON.parse(localStorage.getItem(box) || "[]");
const keep = (acts) => (acts.length ? localStorage.setItem(box, JSON.stringify(acts)) : localStorage.removeItem(box));

async function ownTab() {
  for (;;) {
    const name = (sessionStorage.tab ||= crypto.randomUUID());
    if (await locked(kept + name)) return name;
    sessionStorage.removeItem("tab"); // a tab that was duplicated has its twin's name
  }
}

function locked(name) {
  return new Promise((told) => {
    navigator.locks
      .request(name, { signal: AbortSignal.timeout(RELOADED) }, () => { told(true); return new Promise(() => {}); })
      .catch(() => told(false));
  });
}

// What a tab that was closed could not send, this one sends: twice is once.
async function inherit() {
  for (const name of Object.keys(localStorage)) {
    if (!name.startsWith(kept) || name === box) continue;
    await navigator.locks.request(name, { ifAvailable: true }, (lock) => {
      if (!lock) return; // its tab is open
      keep([...outbox(), ...JSON.parse(localStorage.getItem(name) || "[]")]);
      localStorage.removeItem(name);
    });
  }
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

async function deliver() {
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
    setTimeout(deliver, PATIENCE);
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
    const receipt = receipts[place];
    if (receipt.right !== null && act.annotator === desk.name) feedback(receipt);
    if (act.act !== "undo" || act.annotator !== desk.name) continue;
    if (!receipt.key) { told("nothing to undo", "done"); continue; }
    if (deciding) { desk.items = []; more(); continue; }
    const { ok, answer } = await ask("/annotate/again", { annotator: desk.name, key: receipt.key, tab });
    if (ok && answer.item) { desk.items = [answer.item, ...desk.items.filter((item) => item.key !== answer.item.key)]; show(); }
  }
}

function feedback(receipt) {
  find("feedback").textContent = receipt.right ? "That item was known, and you were right." : `That item was known: the answer is ${worded(receipt.known)}.`;
  find("feedback").dataset.kind = receipt.right ? "done" : "offline";
  find("feedback").hidden = false;
}

function act(what) {
  const seconds = desk.since ? (performance.now() - desk.since) / 1000 : null;
  keep([...outbox(), { answer_id: crypto.randomUUID(), annotator: desk.name, seconds, ...what }]);
  deliver();
}

async function more() {
  if (desk.asking) return;
  desk.asking = true;
  let wait = 0;
  try {
    const count = AHEAD + outbox().length; // what is not stored yet is dealt again
    const { ok, answer } = await ask(deciding ? "/annotate/disputed" : "/annotate/deal", { annotator: desk.name, tab, count });
    if (!ok) throw new Error(answer.reason || answer.received);
    const gone = new Set([...desk.items.map((item) => item.key), ...outbox().map((one) => one.key), ...desk.done]);
    const fresh = answer.items.filter((item) => !gone.has(item.key));
    const none = !desk.items.length;
    desk.items.push(...fresh);
    desk.said = { ...desk.said, ...answer.said };
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
  const count = (number) => number.toLocaleString("en");
  find("far").value = all.items ? 1 - all.open / all.items : 0;
  const pace = all.median_seconds ? `, ${all.median_seconds.toFixed(1)} s each` : "";
  find("pace").textContent = `${count(all.answered)} of ${count(all.items)} answered by somebody, ${count(all.mine)} by you${pace}${all.disputed ? `, ${count(all.disputed)} in dispute` : ""}`;
}

function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function pressed(text, act, kind = "quiet") {
  const button = element("button", text, kind);
  button.type = "button";
  button.addEventListener("click", act);
  return button;
}

function worded(value) {
  if (!Array.isArray(value)) return String(value ?? "nothing");
  if (!value.length) return "none";
  return value.map((one) => (typeof one === "object" ? `${one.label} ${Math.round(one.width)} × ${Math.round(one.height)}` : one)).join(", ");
}

function show() {
  const item = desk.items[0], place = find("item");
  desk.chosen = new Set();
  desk.drawing = null;
  for (const name of ["why", "suggested", "drawn"]) find(name).hidden = true;
  find("said").replaceChildren();
  if (!item) {
    const none = deciding ? "No answers differ now." : "Nothing is left for you to answer.";
    place.replaceChildren(element("p", desk.nothing ? none : "One moment …", "lead"));
    find("answers").replaceChildren();
    return;
  }
  place.replaceChildren();
  if (question.kind === "boxes") draw(item, place);
  else if (item.image) place.append(Object.assign(element("img"), { src: address(item), alt: item.image }));
  if (Object.keys(item.content).length) place.append(cells(item.content));
  answers(item);
  if (deciding) opinions(desk.said[item.key] || []);
  if (desk.given.has(item.key)) preset(desk.given.get(item.key));
  desk.since = performance.now();
}

const address = (item) => `/annotate/image?key=${encodeURIComponent(item.key)}`;

function cells(content) {
  const pairs = Object.entries(content);
  if (pairs.length === 1) return element("p", pairs[0][1] ?? "missing", "text");
  const list = element("dl", undefined, "pairs");
  for (const [name, cell] of pairs) {
    const pair = element("div");
    pair.append(element("dt", name), element("dd", cell ?? "missing"));
    list.append(pair);
  }
  return list;
}

function draw(item, place) {
  find("drawn").hidden = false;
  desk.drawing = new Drawing(place, address(item), item.image, question.labels, (words, label) => {
    find("drawn").textContent = words;
    press((one) => one === label);
  });
  if (item.prelabel && !desk.given.has(item.key)) desk.drawing.start(item.prelabel);
}

// What everyone said, for who decides between them.
function opinions(given) {
  const lines = given.map((one) => {
    const line = element("li");
    line.append(element("b", one.annotator), `: ${one.act === "skip" ? `skipped (${one.reason})` : worded(one.value)} `);
    if (one.act !== "skip" && question.kind !== "single") line.append(pressed("Take this", () => preset(one.value)));
    return line;
  });
  find("said").replaceChildren(...lines);
  desk.drawing?.beside(given.filter((one) => one.act !== "skip").flatMap((one) => one.value.map((drawn) => ({ ...drawn, by: one.annotator }))));
}

function preset(value) {
  if (question.kind === "boxes") desk.drawing.take(value);
  else if (question.kind === "scalar") find("number").value = value;
  else if (question.kind === "multi") { desk.chosen = new Set(value); press((label) => desk.chosen.has(label)); }
}

function press(is) {
  question.labels.forEach((label, place) => find("answers").children[place]?.setAttribute("aria-pressed", String(is(label))));
}

function answers(item) {
  const suggested = item.prelabel;
  if (suggested !== null && suggested !== undefined) {
    find("suggested").textContent = `The model says: ${worded(suggested)}`;
    find("suggested").hidden = false;
  }
  if (question.kind === "scalar") { find("answers").replaceChildren(number(), done()); find("number").focus(); return; }
  const buttons = question.labels.map((label, place) => {
    const button = pressed(undefined, () => choose(label), "quiet answer");
    if (place < 9) button.append(element("kbd", String(place + 1)), " ");
    button.append(label);
    if (label === suggested || (Array.isArray(suggested) && suggested.includes(label))) button.classList.add("suggested");
    if (question.kind !== "single") button.setAttribute("aria-pressed", "false");
    return button;
  });
  const drawing = question.kind === "boxes" ? [pressed("New box", () => desk.drawing.add()), pressed("Delete box", () => desk.drawing.remove())] : [];
  find("answers").replaceChildren(...buttons, ...drawing, ...(question.kind === "single" ? [] : [done()]));
  if (question.kind === "boxes") press((label) => label === desk.drawing.label);
}

function number() {
  const input = element("input");
  Object.assign(input, { type: "number", step: "any", id: "number", required: true });
  if (question.lowest !== null) input.min = question.lowest;
  if (question.highest !== null) input.max = question.highest;
  input.setAttribute("aria-label", question.target);
  return input;
}

function done() {
  const button = pressed("Done ", finish, "");
  button.append(element("kbd", "Enter"));
  return button;
}

function choose(label) {
  if (question.kind === "single") { answer(label); return; }
  if (question.kind === "boxes") { desk.drawing.name(label); press((one) => one === label); return; }
  desk.chosen.has(label) ? desk.chosen.delete(label) : desk.chosen.add(label);
  press((one) => desk.chosen.has(one));
}

function finish() {
  if (!desk.items.length) return;
  if (question.kind === "multi") answer(question.labels.filter((label) => desk.chosen.has(label)));
  else if (question.kind === "boxes") answer(desk.drawing.value());
  else if (question.kind === "scalar" && find("number").reportValidity()) answer(Number(find("number").value));
}

function passed() {
  const item = desk.items.shift();
  desk.done = [...desk.done.slice(-50), item.key];
  find("feedback").hidden = true;
  show();
  if (desk.items.length < AHEAD - 1 || !desk.items.length) more();
}

function answer(value) {
  if (!desk.items.length) return;
  const key = desk.items[0].key;
  desk.given.set(key, value);
  if (desk.given.size > 100) desk.given.delete(desk.given.keys().next().value);
  act({ act: deciding ? "adjudicate" : "answer", key, value });
  passed();
}

function skip() {
  if (!desk.items.length || deciding) return;
  find("why").hidden = false;
  find("reason").focus();
}

// Of an item's boxes first the last change is undone, then the last answer.
function turn(what) {
  if (desk.drawing && desk.drawing[what]()) return;
  desk.done = [];
  act({ act: what });
  if (what === "redo") { desk.items = []; setTimeout(more, 200); }
}

find("why").addEventListener("submit", (event) => {
  event.preventDefault();
  act({ act: "skip", key: desk.items[0].key, reason: find("reason").value });
  find("reason").value = "";
  passed();
});
find("skip")?.addEventListener("click", skip);
find("undo").addEventListener("click", () => turn("undo"));
find("redo").addEventListener("click", () => turn("redo"));
find("other")?.addEventListener("click", () => { localStorage.removeItem("annotator"); location.reload(); });
find("write")?.addEventListener("submit", (event) => {
  event.preventDefault();
  busy(event.target, async () => {
    if (await sendJson("/annotate/guideline", { text: find("text").value, author: desk.name || "somebody" })) location.reload();
  });
});
document.addEventListener("keydown", (event) => {
  if (find("desk").hidden || event.ctrlKey || event.metaKey) return;
  if (event.target.matches("input, textarea, select")) {
    if (event.key === "Escape") { find("why").hidden = true; event.target.blur(); }
    if (event.key === "Enter" && event.target.id === "number") finish();
    return;
  }
  if (desk.drawing?.key(event)) { event.preventDefault(); return; }
  if (event.repeat || event.altKey) return;
  const label = question.kind !== "scalar" && question.labels[Number(event.key) - 1];
  const acts = { u: () => turn("undo"), r: () => turn("redo"), s: skip };
  if (label && desk.items.length) choose(label);
  else if (event.key === "Enter" && !event.target.matches("button, summary, a")) finish();
  else if (acts[event.key]) acts[event.key]();
  else return;
  event.preventDefault();
});

async function begin(name) {
  desk.name = name;
  if (!question.guest) localStorage.setItem("annotator", name);
  if (find("who")) find("who").hidden = true;
  find("desk").hidden = false;
  find("item").focus();
  await inherit();
  deliver();
  more();
}
find("who")?.addEventListener("submit", (event) => { event.preventDefault(); begin(find("name").value.trim() || "somebody"); });
const known = question.guest || localStorage.getItem("annotator");
if (known) begin(known);
