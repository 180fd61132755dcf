"use strict";
// Search in the page, over the index that assets/index.js brings. No server, no requests.
(() => {
  const SHOWN = 40;
  const root = document.body.dataset.root;
  const input = document.getElementById("search");
  const panel = document.getElementById("found");
  const list = document.getElementById("results");
  const count = document.getElementById("count");
  const plain = (text) => text.toLowerCase().replace(/[^a-z0-9]/g, "");
  const order = { interface: 0, role: 0, event: 1, item: 2, code: 2, block: 3 };
  const entries = window.referenceIndex.map(([kind, name, about, address, others]) => ({
    kind, name, about, address,
    key: plain(name),
    number: plain((name.match(/^D[IT]-\d+N?/) || [""])[0]),
    names: others.split(" ").filter(Boolean),
    words: others.split(" ").filter(Boolean).map(plain),
    text: plain(about),
  }));
  let matches = [];
  let active = -1;

  // Lower is better: the very name, a field of that name, a beginning, a part, the explanation.
  function rank(entry, wanted) {
    if (entry.key === wanted || entry.number === wanted) return 0;
    if (entry.words.includes(wanted)) return 1;
    if (entry.key.startsWith(wanted)) return 2;
    if (entry.words.some((word) => word.startsWith(wanted))) return 3;
    if (entry.key.includes(wanted)) return 4;
    if (entry.words.some((word) => word.includes(wanted))) return 5;
    return entry.text.includes(wanted) ? 6 : -1;
  }

  function search(query) {
    const wanted = plain(query);
    if (!wanted) return [];
    return entries
      .map((entry) => ({ entry, score: rank(entry, wanted) }))
      .filter((match) => match.score >= 0)
      .sort((a, b) => a.score - b.score || order[a.entry.kind] - order[b.entry.kind]
        || a.entry.key.length - b.entry.key.length || a.entry.name.localeCompare(b.entry.name))
      .map((match) => match.entry);
  }

  function element(tag, className, text) {
    const made = document.createElement(tag);
    made.className = className;
    made.textContent = text;
    return made;
  }

  // Why a block was found: the fields of it that match.
  function held(entry) {
    const wanted = plain(input.value);
    const fields = entry.names.filter((name) => plain(name).includes(wanted)).slice(0, 4);
    return fields.length ? [element("span", "why", `holds ${fields.join(", ")}`)] : [];
  }

  function option(entry, index) {
    const item = element("li", "", "");
    item.id = `result-${index}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    item.append(element("span", "what", entry.kind), element("span", "name", entry.name));
    if (entry.about) item.append(element("span", "about", entry.about));
    if (entry.kind === "block") item.append(...held(entry));
    item.addEventListener("mousedown", (event) => event.preventDefault());
    item.addEventListener("click", () => open(entry));
    return item;
  }

  function select(index) {
    const options = list.children;
    if (active >= 0 && options[active]) options[active].setAttribute("aria-selected", "false");
    active = options.length ? (index + options.length) % options.length : -1;
    if (active < 0) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    options[active].setAttribute("aria-selected", "true");
    options[active].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", options[active].id);
  }

  function show() {
    const query = input.value.trim();
    matches = search(query);
    list.replaceChildren(...matches.slice(0, SHOWN).map(option));
    const rest = matches.length > SHOWN ? `, the first ${SHOWN} are shown` : "";
    count.textContent = matches.length ? `${matches.length} found${rest}` : `Nothing found for ${query}`;
    panel.hidden = !query;
    input.setAttribute("aria-expanded", String(Boolean(query)));
    active = -1;
    select(0);
  }

  function close() {
    panel.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function open(entry) {
    close();
    window.location.href = root + entry.address;
  }

  input.addEventListener("input", show);
  input.addEventListener("focus", () => { if (input.value.trim()) show(); });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") select(active + 1);
    else if (event.key === "ArrowUp") select(active - 1);
    else if (event.key === "Enter" && matches[active]) open(matches[active]);
    else if (event.key === "Escape") { input.value = ""; close(); }
    else return;
    event.preventDefault();
  });
  input.form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    const typing = /^(input|textarea|select)$/i.test(event.target.tagName);
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    input.focus();
    input.select();
  });
})();
