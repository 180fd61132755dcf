// Conveniences for the pages; every page can be read and used without them, by loading it again.
"use strict";

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

// ---- parts that follow what happens -------------------------------------------------------------

function opened(part) {
  const kept = new Map();
  for (const details of part.querySelectorAll("details[id]")) kept.set(details.id, details);
  return kept;
}

function typed(part) {
  const fields = [...part.querySelectorAll("input[id], textarea[id], select[id]")];
  const changed = (field) => (field.tagName === "SELECT" ? !field.options[field.selectedIndex].defaultSelected : field.value !== "");
  return fields.filter(changed).map((field) => [field.id, field.value, field.selectionStart]);
}

function replace(part, html) {
  const before = opened(part);
  const entries = typed(part);
  const focused = part.contains(document.activeElement) ? document.activeElement.closest("[id]")?.id : null;
  part.innerHTML = html;
  for (const [id, after] of opened(part)) {
    const old = before.get(id);
    if (!old) continue;
    if (!(after.open && !old.open && after.id.startsWith("d-"))) after.open = old.open;
    if (old.dataset.loaded) {
      after.querySelector(".body").replaceWith(old.querySelector(".body"));
      after.dataset.loaded = "yes";
    }
  }
  for (const [id, value] of entries) {
    const field = document.getElementById(id);
    if (field) field.value = value;
  }
  if (focused) (document.querySelector(`#${CSS.escape(focused)} > summary`) || document.getElementById(focused))?.focus();
  prepare(part);
}

function announce(part) {
  const text = part.querySelector("[data-announce]")?.dataset.announce;
  const status = document.getElementById("announce");
  if (text && status.textContent !== text) status.textContent = text;
}

const ended = (part) => part.querySelector("[data-finished]")?.dataset.finished === "yes";

async function follow(part) {
  const lost = document.getElementById("connection");
  while (!ended(part)) {
    try {
      const answer = await fetch(`${part.dataset.live}&known=${encodeURIComponent(part.dataset.version)}&wait=4`);
      if (answer.redirected) return location.reload(); // signed out meanwhile
      if (answer.status === 200) {
        part.dataset.version = answer.headers.get("X-Version");
        replace(part, await answer.text());
        announce(part);
      } else if (answer.status !== 204) {
        throw new Error(`answer ${answer.status}`);
      }
      lost.hidden = true;
      await pause(250);
    } catch {
      lost.hidden = false;
      await pause(2000);
    }
  }
}

// ---- within a part ------------------------------------------------------------------------------

async function load(details) {
  if (details.dataset.loaded) return;
  details.dataset.loaded = "yes";
  const body = details.querySelector(".body");
  try {
    const answer = await fetch(details.dataset.src);
    if (!answer.ok || answer.redirected) throw new Error(`answer ${answer.status}`);
    body.innerHTML = await answer.text();
  } catch {
    delete details.dataset.loaded;
  }
}

function prepare(part) {
  for (const details of part.querySelectorAll("details[data-src]")) {
    details.addEventListener("toggle", () => details.open && load(details));
    if (details.open) load(details);
  }
  for (const left of part.querySelectorAll("[data-seconds-left]")) {
    left.dataset.until = performance.now() + 1000 * Number(left.dataset.secondsLeft);
  }
}

function words(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${two(Math.floor((seconds % 3600) / 60))} min`;
}

function count() {
  for (const left of document.querySelectorAll("[data-until]")) {
    left.textContent = words(Math.max(0, Math.round((Number(left.dataset.until) - performance.now()) / 1000)));
  }
}

// ---- links into details, copying, searching, preflight --------------------------------------------

function reveal() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (!target) return;
  const details = target.closest("details") || target.parentElement.querySelector("details");
  for (let at = details; at; at = at.parentElement?.closest("details")) at.open = true;
  target.scrollIntoView({ block: "center" });
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(button.previousElementSibling);
    button.textContent = "Selected";
  }
  document.getElementById("announce").textContent = `${button.dataset.copy}: ${button.textContent}`;
  setTimeout(() => (button.textContent = "Copy"), 1500);
});

function searchable(input) {
  const items = [...document.querySelectorAll(input.dataset.filter)];
  const told = document.querySelector("[data-filter-count]");
  input.addEventListener("input", () => {
    const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const item of items) {
      const text = item.dataset.words.toLowerCase();
      item.hidden = !wanted.every((word) => text.includes(word));
    }
    for (const group of document.querySelectorAll("[data-group]")) {
      group.hidden = !group.querySelector("[data-words]:not([hidden])");
    }
    const shown = items.filter((item) => !item.hidden).length;
    told.textContent = wanted.length ? `${shown} of ${items.length} test cases` : "";
  });
}

function foresee(form) {
  let asked = 0;
  form.addEventListener("change", async () => {
    const mine = ++asked;
    const lost = document.getElementById("connection");
    try {
      const answer = await fetch(form.dataset.preflight, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      const text = await answer.text();
      if (answer.redirected) return location.reload(); // signed out meanwhile
      if (answer.ok && mine === asked) document.getElementById("preflight").innerHTML = text;
      lost.hidden = answer.ok;
    } catch {
      lost.hidden = false;
    }
  });
}

addEventListener("hashchange", reveal);
setInterval(count, 500);
prepare(document);
reveal();
document.querySelectorAll("[data-filter]").forEach(searchable);
document.querySelectorAll("[data-preflight]").forEach(foresee);
document.querySelectorAll("[data-live]").forEach(follow);
