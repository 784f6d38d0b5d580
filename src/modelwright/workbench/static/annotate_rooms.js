// The annotation's other rooms: import, collect, invite. Everything shown is set as text, never as HTML.
"use strict";

const COLUMNS = ["key", "image", "gold", "prelabel", "annotator", "answer"];
const ASKED = ["kind", "target", "labels", "lowest", "highest", "answers_each", "random_share", "gold_share"];
let file = null;

function waited(form, status, words, work) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(form, async () => {
      status.textContent = words;
      status.textContent = (await work()) ?? "";
    });
  });
}

if (find("bring-items")) {
  waited(find("bring-items"), find("looked"), "Reading …", async () => {
    const chosen = find("items-file").files[0], path = find("items-path").value.trim();
    file = chosen && !path
      ? await send("/annotate/file", chosen, { "x-file-name": encodeURIComponent(chosen.name) })
      : await sendJson("/annotate/look", { path });
    if (!file) return "";
    find("format").value = file.format;
    for (const name of COLUMNS) find(name).replaceChildren(new Option("none", ""), ...file.columns.map((column) => new Option(column, column)));
    find("meanings").hidden = !file.columns.length || file.columns.some((column) => column.startsWith("annotation."));
    find("items").hidden = false;
    shown();
    return `${file.path}${file.columns.length ? `: ${file.columns.length} columns` : ""}`;
  });
  waited(find("items"), find("imported"), "Importing …", async () => {
    const asked = { path: file.path, format: find("format").value, gold_told: Boolean(find("gold_told")?.checked) };
    for (const name of ASKED) if (find(name)) asked[name] = find(name).value;
    for (const name of COLUMNS) asked[name] = find("meanings").hidden ? "" : find(name).value;
    const found = await sendJson("/annotate/items", asked);
    const count = (number) => number.toLocaleString("en");
    return found && `${count(found.new)} items are new, ${count(found.known)} were there; ${count(found.answers)} answers are new, ${count(found.known_answers)} were there.`;
  });
  find("kind")?.addEventListener("change", shown);
}

// Only what the kind of answer needs.
function shown() {
  const kind = find("kind")?.value;
  for (const one of document.querySelectorAll("[data-kinds]")) one.hidden = !one.dataset.kinds.split(" ").includes(kind);
}

if (find("prelabel")) waited(find("prelabel"), find("guessed"), "The model answers …", async () => {
  const found = await sendJson("/annotate/prelabel", { order: find("order").value });
  return found && `${found.first.toLocaleString("en")} items come first now.`;
});

if (find("collect")) waited(find("collect"), find("collected"), "Finding the consensus …", async () => {
  const found = await sendJson("/annotate/collect", {});
  if (found) location.reload();
  return "";
});

if (find("invite")) waited(find("invite"), find("link"), "", async () => {
  const made = await sendJson("/annotate/invite", { name: find("guest").value });
  return made && `For ${made.name}, shown this once: ${made.link}`;
});
for (const button of document.querySelectorAll(".revoke")) {
  button.addEventListener("click", async () => { if (await sendJson("/annotate/revoke", { name: button.dataset.name })) location.reload(); });
}
