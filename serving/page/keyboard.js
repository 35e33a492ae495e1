// The keyboard: "/" and Escape to the search box, arrows through the products and across to the other ranking.

import { byId } from "./elements.js";
import { buttons, makeReachable, sideOf } from "./lists.js";

const narrow = matchMedia("(max-width: 800px)"); // as in page.css: one ranking at a time

/** Listen; `pairs()` gives the map of product id to its list items on both sides. */
export function listenToKeys(pairs) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const there = destination(event.target, event.key, pairs());
    if (!there) return;
    event.preventDefault();
    focusOn(there);
  });
}

/** Show one ranking where the screen is too narrow for two. */
export function showSide(side) {
  byId("lists").dataset.side = side;
  for (const button of byId("switch").children) button.setAttribute("aria-pressed", button.dataset.side === side);
}

/** Where a key leads; undefined where it means nothing to this page. */
function destination(target, key, pairs) {
  const query = byId("query");
  if (target === query) return key === "ArrowDown" && !byId("answer").hidden ? buttons(sideInView())[0] : undefined;
  if (key === "Escape") return query;
  if (key === "/") return target.matches("input:not([type=checkbox])") ? undefined : query;
  return target.matches("button.hit") ? neighbour(target, key, pairs) : undefined;
}

function neighbour(button, key, pairs) {
  const side = sideOf(button);
  const list = buttons(side);
  const place = list.indexOf(button);
  const across = { ArrowLeft: "first", ArrowRight: "final" }[key];
  if (across && across !== side) return pairs.get(button.dataset.id)[across]?.firstElementChild ?? buttons(across)[place];
  const along = { ArrowDown: list[place + 1] ?? button, ArrowUp: list[place - 1] ?? byId("query"), Home: list[0], End: list.at(-1) };
  return along[key];
}

const sideInView = () => (narrow.matches ? byId("lists").dataset.side : "final");

function focusOn(there) {
  if (there.matches("button.hit")) {
    showSide(sideOf(there));
    makeReachable(there);
  }
  there.focus();
  there.select?.();
  there.scrollIntoView({ block: "nearest" });
}
