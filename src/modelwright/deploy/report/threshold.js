// The threshold: every figure of every threshold is on the page already. Everything is set as text, never as HTML.
"use strict";
(() => {
  const data = document.getElementById("decision");
  if (!data) return;
  const find = (name) => document.getElementById(name);
  const made = JSON.parse(data.textContent);
  const slider = find("threshold"), last = made.thresholds.length - 1;
  const KINDS = ["alarms", "missed", "found", "acted"];
  const whole = (value) => value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 });
  const span = ([, low, high]) => `${whole(low)} to ${whole(high)}`;
  const price = (name) => Math.max(0, Number(find(name).value) || 0);
  const named = (at) => (at === last ? "1: never act" : made.thresholds[at].toPrecision(3));
  let costs = [];

  // Expected, and the ends of the interval that 95 of 100 days fall in.
  function day(kind, at) {
    const [, alarms, missed, found] = made.counts[at];
    const happened = { alarms, missed, found, acted: alarms + found }[kind];
    const [low, high] = made.ends[at].slice(2 * KINDS.indexOf(kind));
    return [(made.cases * happened) / made.rows, low, high];
  }

  // Zou and Donner 2008: the distances of the parts' ends, each times its price, added as squares.
  function cost(at) {
    const parts = [[price("false_positive"), day("alarms", at)], [price("false_negative"), day("missed", at)]];
    const expected = parts.reduce((sum, [each, part]) => sum + each * part[0], 0);
    const away = (end) => Math.hypot(...parts.map(([each, part]) => each * (part[end] - part[0])));
    return [expected, expected - away(1), expected + away(2)];
  }

  const least = (among) => among.indexOf(Math.min(...among));
  const weigh = () => { costs = made.thresholds.map((_, at) => cost(at)[0]); };

  function show() {
    const at = Math.min(last, Math.max(0, Math.round(Number(slider.value))));
    const shown = Object.fromEntries(KINDS.map((kind) => [kind, day(kind, at)]));
    shown.cost = cost(at);
    for (const [kind, figures] of Object.entries(shown)) {
      document.querySelector(`[data-day=${kind}]`).textContent = whole(figures[0]);
      document.querySelector(`[data-span=${kind}]`).textContent = span(figures);
    }
    made.counts[at].forEach((count, place) => { document.querySelector(`[data-count="${place}"]`).textContent = count.toLocaleString("en"); });
    for (const place of [find("at"), document.querySelector("[data-at]")]) place.textContent = named(at);
    slider.setAttribute("aria-valuetext", named(at));
    const { alarms, missed, found, acted } = shown;
    find("said").textContent = `Of ${whole(made.cases)} cases${made.period}, about ${whole(alarms[0])} (${span(alarms)}) ${made.no} would be taken for ${made.yes}, and ${whole(missed[0])} (${span(missed)}) of ${whole(missed[0] + found[0])} ${made.yes} missed; ${whole(acted[0])} (${span(acted)}) are to be looked at, and errors cost ${whole(shown.cost[0])} (${span(shown.cost)}) ${made.unit}.`;
    tell(at, acted);
    draw(at);
  }

  const capacity = () => (find("capacity").value === "" ? Infinity : Math.max(0, Number(find("capacity").value) || 0));
  const firstWithin = (most) => made.counts.findIndex((_, at) => day("acted", at)[0] <= most);

  function tell(at, acted) {
    const most = capacity();
    const over = acted[0] > most ? `More than ${whole(most)}${made.period} are to be looked at here.` : `Of 40${made.period ? " days" : " times"} one may bring more than ${whole(acted[2])} to look at.`;
    find("limit").textContent = most === Infinity ? "" : over;
  }

  function draw(at) {
    const picture = find("costs"), high = Math.max(...costs) || 1, first = firstWithin(capacity());
    const x = (place) => 60 + (565 * place) / last, y = (value) => 165 - (145 * value) / high;
    picture.querySelector("path").setAttribute("d", "M" + costs.map((value, place) => `${x(place).toFixed(1)} ${y(value).toFixed(1)}`).join("L"));
    picture.querySelector("rect").setAttribute("width", Math.max(0, x(first) - x(0)).toFixed(1));
    for (const [name, place] of [["here", at], ["ring", least(costs)]]) {
      const dot = picture.querySelector(`.${name}`);
      dot.setAttribute("cx", x(place).toFixed(1));
      dot.setAttribute("cy", y(costs[place]).toFixed(1));
    }
    picture.querySelector("[data-high]").textContent = whole(high);
  }

  function go(at) { slider.value = at; show(); }

  function fit() {
    const first = firstWithin(capacity());
    go(least(costs.map((value, at) => (at >= first ? value : Infinity))));
  }

  slider.addEventListener("input", show);
  find("cheapest").addEventListener("click", fit);
  find("used").addEventListener("click", () => go(made.chosen));
  for (const name of ["false_positive", "false_negative"]) find(name).addEventListener("input", () => { weigh(); show(); });
  find("capacity").addEventListener("input", fit);
  find("decide").addEventListener("submit", (event) => event.preventDefault());
  find("decide").hidden = false;
  weigh();
  show();
})();
