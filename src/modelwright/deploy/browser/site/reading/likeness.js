// Which name was meant? The most similar of several, by the share of characters in common.

const ALIKE = 0.6; // below this two names are called different
const JUNK_LENGTH = 200; // from this length on, characters in over a hundredth of the places are passed over

/** The name most like `name`, or undefined. */
export function nearest(name, names) {
  let best;
  for (const other of [...names].sort(byCode)) {
    const score = likeness(Array.from(other), Array.from(name));
    if (score >= ALIKE && (best === undefined || score >= best.score)) best = { other, score };
  }
  return best?.other;
}

function byCode(one, other) {
  const [left, right] = [Array.from(one), Array.from(other)];
  const place = left.findIndex((character, index) => character !== right[index]);
  if (place === -1) return left.length - right.length;
  return (left[place].codePointAt(0) ?? 0) - (right[place]?.codePointAt(0) ?? -1);
}

/** Twice the characters in common, by Ratcliff and Obershelp, over all characters. */
function likeness(one, other) {
  const places = placesOf(other);
  let common = 0;
  const waiting = [[0, one.length, 0, other.length]];
  while (waiting.length > 0) {
    const [low, high, otherLow, otherHigh] = waiting.pop();
    const { start, otherStart, size } = longest(one, places, [low, high, otherLow, otherHigh], other);
    if (size === 0) continue;
    common += size;
    waiting.push([low, start, otherLow, otherStart]);
    waiting.push([start + size, high, otherStart + size, otherHigh]);
  }
  const total = one.length + other.length;
  return total === 0 ? 1 : (2 * common) / total;
}

function placesOf(characters) {
  const places = new Map();
  characters.forEach((character, place) => {
    if (!places.has(character)) places.set(character, []);
    places.get(character).push(place);
  });
  const most = Math.floor(characters.length / 100) + 1;
  if (characters.length < JUNK_LENGTH) return places;
  return new Map([...places].filter(([, where]) => where.length <= most));
}

/** The first of the longest runs of characters that both have between the bounds. */
function longest(one, places, [low, high, otherLow, otherHigh], other) {
  let found = { start: low, otherStart: otherLow, size: 0 };
  let lengths = new Map();
  for (let place = low; place < high; place += 1) {
    const next = new Map();
    for (const otherPlace of places.get(one[place]) ?? []) {
      if (otherPlace < otherLow || otherPlace >= otherHigh) continue;
      const size = (lengths.get(otherPlace - 1) ?? 0) + 1;
      next.set(otherPlace, size);
      if (size > found.size) found = { start: place - size + 1, otherStart: otherPlace - size + 1, size };
    }
    lengths = next;
  }
  return widened(found, one, other, [low, high, otherLow, otherHigh]);
}

/** Characters that were passed over join a run that they touch. */
function widened({ start, otherStart, size }, one, other, [low, high, otherLow, otherHigh]) {
  let [first, otherFirst, length] = [start, otherStart, size];
  while (first > low && otherFirst > otherLow && one[first - 1] === other[otherFirst - 1]) {
    [first, otherFirst, length] = [first - 1, otherFirst - 1, length + 1];
  }
  while (
    first + length < high &&
    otherFirst + length < otherHigh &&
    one[first + length] === other[otherFirst + length]
  ) {
    length += 1;
  }
  return { start: first, otherStart: otherFirst, size: length };
}
