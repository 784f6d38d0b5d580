// Boxes on an image: drawn, chosen, moved, resized, taken away; by mouse, finger, pen or keys alone.
// Everything is measured in the image's own pixels, so that neither the window nor the screen matters.

const SVG = "http://www.w3.org/2000/svg";
const LEAST = 3;      // pixels of the screen: what is smaller was a click
const HANDLE = 9;     // pixels of the screen: half the side of what is taken hold of
const STEP = 1 / 100; // of the image's larger side, for one press of an arrow
const CORNERS = [[0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0], [0.5, 1], [0, 0.5], [1, 0.5]];

function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

const rounded = (value) => Math.round(value * 10) / 10;

export class Drawing {
  // place: the element that it is shown in. told: what is called with a sentence after each change.
  constructor(place, address, name, labels, told) {
    Object.assign(this, { labels, told, boxes: [], chosen: -1, label: labels[0], past: [], future: [], others: [], hold: null });
    this.frame = document.createElement("div");
    this.frame.className = "drawing";
    this.image = new Image();
    this.image.alt = name;
    this.image.draggable = false;
    this.over = shape("svg", { preserveAspectRatio: "none", tabindex: "0", role: "application", "aria-label": "Draw boxes here: n makes one, arrows move it, Shift with arrows resizes it, a number names it, Delete takes it away" });
    this.list = document.createElement("ol");
    this.list.className = "boxes";
    this.image.addEventListener("load", () => this.fit());
    this.image.addEventListener("error", () => { this.frame.replaceChildren(Object.assign(document.createElement("p"), { className: "note", textContent: "The image cannot be shown." })); });
    this.image.src = address;
    this.frame.append(this.image, this.over);
    place.append(this.frame, this.list);
    for (const [kind, act] of [["pointerdown", "down"], ["pointermove", "move"], ["pointerup", "up"], ["pointercancel", "up"]]) this.over.addEventListener(kind, (event) => this[act](event));
    new ResizeObserver(() => this.draw()).observe(this.frame);
  }

  get width() { return this.image.naturalWidth || 1; }
  get height() { return this.image.naturalHeight || 1; }
  get scale() { return this.width / (this.over.clientWidth || this.width); }

  fit() {
    this.over.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
    this.draw();
  }

  // What is answered: boxes inside the image, in its pixels.
  value() { return this.boxes.map(({ label, x, y, width, height }) => ({ label, x, y, width, height })); }

  start(boxes) { this.boxes = boxes.map((box) => ({ ...box })); this.past = []; this.future = []; this.chosen = -1; this.draw(); }
  take(boxes) { this.change(() => { this.boxes = boxes.map((box) => ({ ...box })); this.chosen = -1; }); }
  beside(boxes) { this.others = boxes; this.draw(); }

  // Every change goes through here, so that each can be undone.
  change(act) {
    this.past.push(JSON.stringify(this.boxes));
    this.future = [];
    act();
    this.draw();
    this.say();
  }
  undo() { return this.turn(this.past, this.future); }
  redo() { return this.turn(this.future, this.past); }
  turn(from, to) {
    if (!from.length) return false;
    to.push(JSON.stringify(this.boxes));
    this.boxes = JSON.parse(from.pop());
    this.chosen = Math.min(this.chosen, this.boxes.length - 1);
    this.draw();
    this.say();
    return true;
  }

  inside(box) {
    const width = Math.min(Math.max(box.width, 1), this.width), height = Math.min(Math.max(box.height, 1), this.height);
    const x = Math.min(Math.max(box.x, 0), this.width - width), y = Math.min(Math.max(box.y, 0), this.height - height);
    return { label: box.label, x: rounded(x), y: rounded(y), width: rounded(width), height: rounded(height) };
  }

  // Two opposite corners, anywhere: what of it lies in the image.
  between(one, other, label) {
    const clip = (value, most) => Math.min(Math.max(value, 0), most);
    const [left, right] = [clip(Math.min(one.x, other.x), this.width), clip(Math.max(one.x, other.x), this.width)];
    const [top, bottom] = [clip(Math.min(one.y, other.y), this.height), clip(Math.max(one.y, other.y), this.height)];
    return this.inside({ label, x: left, y: top, width: right - left, height: bottom - top });
  }

  name(label) {
    this.label = label;
    if (this.chosen >= 0) this.change(() => { this.boxes[this.chosen].label = label; });
    else this.draw();
  }

  add() {
    const box = { label: this.label, x: this.width * 0.375, y: this.height * 0.375, width: this.width / 4, height: this.height / 4 };
    this.change(() => { this.boxes.push(this.inside(box)); this.chosen = this.boxes.length - 1; });
    this.over.focus();
  }
  remove(place = this.chosen) {
    if (place < 0) return false;
    this.change(() => { this.boxes.splice(place, 1); this.chosen = -1; });
    return true;
  }
  choose(place) {
    this.chosen = place;
    if (place >= 0) this.label = this.boxes[place].label;
    this.draw();
    this.say();
  }
  next(step) {
    if (!this.boxes.length) return;
    this.choose((this.chosen + step + this.boxes.length) % this.boxes.length);
  }

  // Whether the key meant something here.
  key(event) {
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (arrows[event.key] && this.chosen >= 0) { this.push(...arrows[event.key], event); return true; }
    const acts = {
      n: () => this.add(), Delete: () => this.remove(), Backspace: () => this.remove(),
      ".": () => this.next(1), ",": () => this.next(-1), Escape: () => this.choose(-1),
      u: () => this.undo(), r: () => this.redo(),
    };
    if (event.repeat || !acts[event.key]) return false;
    return acts[event.key]() !== false;
  }

  push(right, down, event) {
    const step = event.altKey ? 1 : Math.max(1, Math.round(Math.max(this.width, this.height) * STEP));
    const box = this.boxes[this.chosen], by = [right * step, down * step];
    this.change(() => {
      this.boxes[this.chosen] = event.shiftKey
        ? this.between(box, { x: box.x + Math.max(1, box.width + by[0]), y: box.y + Math.max(1, box.height + by[1]) }, box.label)
        : this.inside({ ...box, x: box.x + by[0], y: box.y + by[1] });
    });
  }

  at(event) {
    const space = this.over.getBoundingClientRect();
    return { x: ((event.clientX - space.left) / space.width) * this.width, y: ((event.clientY - space.top) / space.height) * this.height };
  }

  down(event) {
    if (event.button !== 0 || this.hold) return;
    event.preventDefault();
    this.over.setPointerCapture(event.pointerId);
    this.over.focus({ preventScroll: true });
    const point = this.at(event), { box, handle } = event.target.dataset;
    const before = JSON.stringify(this.boxes), future = this.future;
    if (handle !== undefined) this.hold = { kind: "resize", corner: CORNERS[Number(handle)], was: { ...this.boxes[this.chosen] } };
    else if (box !== undefined) { this.choose(Number(box)); this.hold = { kind: "move", was: { ...this.boxes[this.chosen] } }; }
    else this.hold = { kind: "new" };
    Object.assign(this.hold, { point, before, future, moved: false, pointer: event.pointerId });
  }

  move(event) {
    const hold = this.hold;
    if (!hold || event.pointerId !== hold.pointer) return;
    const point = this.at(event), right = point.x - hold.point.x, down = point.y - hold.point.y;
    if (!hold.moved && Math.max(Math.abs(right), Math.abs(down)) < LEAST * this.scale) return;
    if (!hold.moved && hold.kind === "new") { this.boxes.push({}); this.chosen = this.boxes.length - 1; }
    hold.moved = true;
    this.boxes[this.chosen] = this.dragged(hold, point, right, down);
    this.draw();
  }

  dragged(hold, point, right, down) {
    if (hold.kind === "new") return this.between(hold.point, point, this.label);
    const was = hold.was;
    if (hold.kind === "move") return this.inside({ ...was, x: was.x + right, y: was.y + down });
    const [across, along] = hold.corner, end = { x: was.x + was.width, y: was.y + was.height };
    const one = { x: across === 0 ? was.x + right : was.x, y: along === 0 ? was.y + down : was.y };
    const other = { x: across === 1 ? end.x + right : end.x, y: along === 1 ? end.y + down : end.y };
    return this.between(one, other, was.label);
  }

  up(event) {
    const hold = this.hold;
    if (!hold || event.pointerId !== hold.pointer) return;
    this.hold = null;
    if (hold.moved) { this.past.push(hold.before); this.future = []; this.say(); }
    else if (hold.kind === "new") this.choose(-1);
    this.draw();
  }

  say() {
    const box = this.boxes[this.chosen];
    const which = box ? `; box ${this.chosen + 1}, ${box.label}: ${Math.round(box.width)} by ${Math.round(box.height)} at ${Math.round(box.x)}, ${Math.round(box.y)}` : "";
    this.told(`${this.boxes.length} ${this.boxes.length === 1 ? "box" : "boxes"}${which}`, this.label);
  }

  draw() {
    const scale = this.scale, parts = [];
    for (const box of this.others) parts.push(shape("rect", { ...this.sides(box), class: "other", "vector-effect": "non-scaling-stroke" }), this.tag(box, box.by, scale, "other"));
    this.boxes.forEach((box, place) => {
      const kind = `box class${Math.max(0, this.labels.indexOf(box.label)) % 6}${place === this.chosen ? " chosen" : ""}`;
      parts.push(shape("rect", { ...this.sides(box), class: kind, "vector-effect": "non-scaling-stroke", "data-box": place }), this.tag(box, box.label, scale, kind));
    });
    if (this.chosen >= 0) parts.push(...this.handles(this.boxes[this.chosen], scale));
    this.over.replaceChildren(...parts);
    this.listed();
  }

  sides({ x, y, width, height }) { return { x, y, width, height }; }

  tag(box, text, scale, kind) {
    const high = 13 * scale, inside = box.y < high * 1.3;
    const made = shape("text", { x: box.x + 3 * scale, y: inside ? box.y + high : box.y - 4 * scale, class: `tag ${kind}`, "stroke-width": 3 * scale });
    made.style.fontSize = `${high}px`;
    made.textContent = text.length > 40 ? `${text.slice(0, 39)}…` : text;
    return made;
  }

  handles(box, scale) {
    const size = HANDLE * scale;
    return CORNERS.map(([across, along], place) => shape("rect", {
      x: box.x + across * box.width - size / 2, y: box.y + along * box.height - size / 2, width: size, height: size,
      class: "handle", "vector-effect": "non-scaling-stroke", "data-handle": place,
    }));
  }

  // The same boxes in words: for whoever does not see them, and for a finger too thick.
  listed() {
    this.list.replaceChildren(...this.boxes.map((box, place) => {
      const line = document.createElement("li"), pick = document.createElement("button"), away = document.createElement("button");
      pick.type = away.type = "button";
      pick.className = away.className = "quiet";
      pick.textContent = `${box.label} ${Math.round(box.width)} × ${Math.round(box.height)}`;
      pick.setAttribute("aria-pressed", String(place === this.chosen));
      pick.addEventListener("click", () => { this.choose(place); this.over.focus({ preventScroll: true }); });
      away.textContent = "×";
      away.setAttribute("aria-label", `Take box ${place + 1} away`);
      away.addEventListener("click", () => this.remove(place));
      line.append(pick, away);
      return line;
    }));
  }
}
