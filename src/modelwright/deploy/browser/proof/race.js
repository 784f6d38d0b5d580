// How long does one row take in each form of a model? In turns, so that all meet the same noise.

import { finish, program } from "./handing.js";

const RESTING_MILLISECONDS = 3000; // a browser that has just been started is busy with itself

async function raced() {
  const { load } = await import("./modelwright.js");
  const { folders, rows, rounds, least_rounds, turns, calls, seconds } = await (await fetch("race.json")).json();
  await new Promise((rest) => setTimeout(rest, RESTING_MILLISECONDS));
  const taken = folders.map(() => []);
  const began = performance.now();
  for (let round = 0; round < rounds; round += 1) {
    if (round >= least_rounds && performance.now() - began > 1000 * seconds) break;
    const models = [];
    for (const folder of folders) models.push(await load(folder));
    const times = folders.map(() => []);
    for (let turn = 0; turn < turns; turn += 1) {
      // Another goes first in each turn: whoever follows a slow one finds the processor in another state.
      for (let place = 0; place < models.length; place += 1) {
        const one = (place + turn + round) % models.length;
        times[one].push(await rowTime(models[one], rows, calls));
      }
    }
    times.forEach((some, one) => taken[one].push(middle(some)));
    for (const model of models) await model.release();
  }
  return { taken, program: await program() };
}

/** Milliseconds a row: the clock of a page is too coarse for a single one. */
async function rowTime(model, rows, calls) {
  await model.predict(rows[0]); // finds the caches cold
  const start = performance.now();
  for (let call = 0; call < calls; call += 1) await model.predict(rows[call % rows.length]);
  return (performance.now() - start) / calls;
}

function middle(times) {
  const ordered = [...times].sort((one, other) => one - other);
  return (ordered[(ordered.length - 1) >> 1] + ordered[ordered.length >> 1]) / 2;
}

await finish(raced);
