// The search page: one search at a time, kept in the address; the newest answer wins.

import { byId, element } from "./elements.js";
import { Filters } from "./filters.js";
import { listenToKeys, showSide } from "./keyboard.js";
import { drawLinks } from "./links.js";
import { makeReachable, showLists, toggle } from "./lists.js";
import { ask, offers, readAddress, rememberKey, writeAddress } from "./request.js";
import { showDegraded, showProblem, showSummary } from "./summary.js";

const WAIT_MS = 150; // shorter waits show nothing, so that the page does not flicker
const query = byId("query");
const title = document.title;

let search = readAddress(location.search);
let offered = null;
let pairs = new Map();
let marked = null;
let running = null;

const filters = new Filters((field, value, on) => {
  const chosen = { ...search.filters };
  if (field === null) return go({ filters: {}, from: 0 });
  const values = new Set(chosen[field] ?? []);
  if (on) values.add(value);
  else values.delete(value);
  if (values.size) chosen[field] = [...values];
  else delete chosen[field];
  return go({ filters: chosen, from: 0 });
});

/** Change the search, keep it in the address and run it. */
function go(change) {
  search = { ...search, ...change };
  const address = writeAddress(search);
  if (address !== (location.search || "./")) history.pushState(null, "", address);
  return run();
}

async function run() {
  running?.abort();
  const mine = (running = new AbortController());
  showForm();
  busy(true);
  const late = setTimeout(() => mine === running && document.body.classList.add("waiting"), WAIT_MS);
  try {
    if (!search.query.trim()) return await showStart();
    offered ??= await offers();
    const answer = await ask(search, offered.facets, mine.signal);
    if (mine === running) showAnswer(answer);
  } catch (error) {
    if (mine === running) showFailure(error);
  } finally {
    clearTimeout(late);
    if (mine === running) busy(false);
  }
}

function busy(on) {
  document.querySelector("main").setAttribute("aria-busy", on);
  if (!on) document.body.classList.remove("waiting");
}

function showForm() {
  if (document.activeElement !== query || query.value.trim() !== search.query) query.value = search.query;
  choose(byId("size"), String(search.size));
  choose(byId("window"), search.window === null ? "" : String(search.window));
  document.title = search.query ? `${search.query} · ${title}` : title;
}

/** Select a value; one that came from the address and is not on the list is added to it. */
function choose(select, value) {
  if (![...select.options].some((option) => option.value === value)) select.append(element("option", { value }, value));
  select.value = value;
}

async function showStart() {
  show("start");
  query.focus();
  offered ??= await offers();
  const links = offered.queries.map((text) =>
    element("li", {}, element("a", { href: writeAddress({ ...search, query: text, filters: {}, from: 0 }), class: "chip" }, text)),
  );
  byId("examples").replaceChildren(...links);
}

function showAnswer(answer) {
  show("answer");
  const said = showSummary(answer);
  showDegraded(answer);
  filters.show(search, answer.facets ?? {});
  pairs = showLists(answer);
  byId("columns").classList.toggle("bare", answer.hits.length === 0);
  showNothing(answer);
  showPager(answer);
  byId("status").textContent = answer.degraded ? `${said}. ${byId("degraded").textContent}` : said;
  redraw();
}

function showNothing(answer) {
  const nothing = byId("nothing");
  nothing.hidden = answer.hits.length > 0;
  const filtered = Object.keys(search.filters).length > 0;
  const why = search.from ? "There are no more products." : filtered ? "No product matches with these filters." : "No product matches.";
  nothing.textContent = why;
}

function showPager(answer) {
  const first = search.from + 1;
  const last = search.from + answer.hits.length;
  const [back, on] = byId("pager").querySelectorAll("button");
  back.disabled = search.from === 0;
  on.disabled = answer.hits.length < search.size;
  byId("place").textContent = answer.hits.length ? `${first}–${last}` : "";
  byId("pager").hidden = back.disabled && on.disabled;
}

function showFailure(error) {
  show("problem");
  const useKey = (key) => {
    rememberKey(key);
    offered = null;
    run();
  };
  showProblem(error, run, useKey);
  byId("status").textContent = "";
}

/** Show one of the page's three faces. */
function show(face) {
  for (const id of ["start", "answer", "problem"]) byId(id).hidden = id !== face;
  if (face !== "answer") byId("degraded").hidden = true;
}

function redraw() {
  drawLinks(byId("links"), pairs);
  mark(marked);
}

/** Mark a product on both sides, and the line between; null marks none. */
function mark(id) {
  marked = id;
  for (const one of document.querySelectorAll("#lists .marked")) one.classList.remove("marked");
  const { first, final } = pairs.get(id) ?? {};
  const line = [...byId("links").children].find((path) => path.dataset.id === id);
  for (const one of [first, final, line]) one?.classList.add("marked");
}

byId("search").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = query.value.trim();
  go({ query: text, from: 0, filters: text === search.query ? search.filters : {} });
});
byId("size").addEventListener("change", ({ target }) => go({ size: Number(target.value), from: 0 }));
byId("window").addEventListener("change", ({ target }) =>
  go({ window: target.value === "" ? null : Number(target.value), from: 0 }),
);
byId("pager").addEventListener("click", ({ target }) => {
  const step = Number(target.dataset.step);
  if (step) go({ from: Math.max(0, search.from + step * search.size) }).then(() => byId("lists").focus());
});
byId("switch").addEventListener("click", ({ target }) => target.dataset.side && showSide(target.dataset.side));
byId("lists").addEventListener("click", ({ target }) => {
  const button = target.closest("button.hit");
  if (!button) return;
  makeReachable(button);
  toggle(button);
});
for (const name of ["pointerover", "focusin"]) {
  byId("lists").addEventListener(name, ({ target }) => mark(target.closest("li")?.firstElementChild.dataset.id ?? null));
}
for (const name of ["pointerleave", "focusout"]) byId("lists").addEventListener(name, () => mark(null));
for (const links of [byId("examples"), document.querySelector("h1")]) {
  links.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    go(readAddress(new URL(link.href).search));
  });
}
addEventListener("popstate", () => {
  search = readAddress(location.search);
  run();
});
new ResizeObserver(redraw).observe(byId("lists"));
listenToKeys(() => pairs);
if (matchMedia("(max-width: 1100px)").matches) byId("filters").open = false;

run();
