// What the page needs, kept for when there is no network. A new release is a new worker with a cache of its own;
// it takes over when the last page of the old one is closed, so that no page mixes two releases.

const release = { name: '', files: [], extras: [] };
const here = `modelwright ${self.registration.scope} `; // other pages of this server keep caches of their own
const kept = here + release.name;

self.addEventListener("install", (event) => event.waitUntil(keep()));
self.addEventListener("activate", (event) => event.waitUntil(takeOver()));
self.addEventListener("fetch", (event) => {
  if (event.request.method === "GET") event.respondWith(answer(event.request));
});

async function keep() {
  const cache = await caches.open(kept);
  await cache.addAll(release.files.map(fresh));
  await Promise.allSettled(release.extras.map((name) => cache.add(fresh(name))));
}

function fresh(name) {
  return new Request(name, { cache: "no-cache" }); // an older release may lie in the browser's own cache
}

/** Pages that were open on the first visit are served from now on, too; older releases are forgotten. */
async function takeOver() {
  const others = (await caches.keys()).filter((name) => name.startsWith(here) && name !== kept);
  await Promise.all(others.map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function answer(request) {
  const cache = await caches.open(kept);
  const index = request.mode === "navigate" && new URL(request.url).pathname.endsWith("/index.html");
  const found = await cache.match(index ? "./" : request, { ignoreSearch: true });
  return found ?? fetch(request);
}
