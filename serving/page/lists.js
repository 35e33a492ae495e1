// The two rankings, side by side: one line a product, opened to show its fields and scores.

import { byId, element, plural, short, unseen } from "./elements.js";

const SIDES = ["first", "final"];
const LISTED_FIELDS = 3;
const LISTED_CHARACTERS = 60;

/** Show the answer's two rankings; returns a map of product id to {first, final}, its list item on either side. */
export function showLists(answer) {
  const final = answer.hits;
  const first = answer.first_stage ?? [];
  const finalById = new Map(final.map((hit) => [hit.id, hit]));
  const firstIds = new Set(first.map((hit) => hit.id));
  const graded = final.some((hit) => hit.grade);
  const reranked = final.some((hit) => hit.rerank_score !== null);

  const name = reranked || !final.length ? "Reranked" : "Not reranked";
  for (const heading of [byId("final-title"), byId("switch").lastElementChild]) heading.textContent = name;

  const pairs = new Map();
  const place = (side, id, item) => {
    pairs.set(id, { ...pairs.get(id), [side]: item });
    return item;
  };
  const firstItems = first.map((hit) => place("first", hit.id, firstItem(hit, finalById.get(hit.id), graded)));
  const finalItems = final.map((hit) => place("final", hit.id, finalItem(hit, firstIds.has(hit.id), reranked, graded)));
  byId("first").replaceChildren(...firstItems);
  byId("final").replaceChildren(...finalItems);
  for (const side of SIDES) makeReachable(buttons(side)[0]);
  return pairs;
}

/** The product lines of one side, in order. */
export const buttons = (side) => [...byId(side).querySelectorAll("button.hit")];

/** Which side a product line stands on. */
export const sideOf = (button) => button.closest("ol").id;

/** Make this line the one of its list that the Tab key stops at. */
export function makeReachable(button) {
  if (!button) return;
  for (const other of buttons(sideOf(button))) other.tabIndex = other === button ? 0 : -1;
}

/** Open or close a product's fields and scores. */
export function toggle(button) {
  const open = button.getAttribute("aria-expanded") !== "true";
  button.setAttribute("aria-expanded", open);
  button.nextElementSibling.hidden = !open;
}

function firstItem(hit, finalHit, graded) {
  const scores = { score: hit.score, "now at": finalHit ? finalHit.rank : "not in this list" };
  const gone = finalHit ? null : element("span", { class: "move" }, badge("left", "has left the list"));
  const grade = gradeMark(hit.grade ?? finalHit?.grade, graded);
  return item("first", hit, scores, finalHit ? "" : "left", [gone, grade]);
}

function finalItem(hit, inFirst, reranked, graded) {
  const places = hit.first_rank - hit.rank;
  const move = places > 0 ? "up" : places < 0 ? "down" : "same";
  const beyond = reranked && hit.rerank_score === null;
  const scores = {
    score: hit.score,
    reranker: beyond ? "beyond the window, not reranked" : hit.rerank_score,
    "first stage": `${short(hit.first_score)} at place ${hit.first_rank}`,
  };
  const moved = movement(move, Math.abs(places), inFirst ? null : badge("new", "new in this list"));
  return item("final", beyond ? { ...hit, score: null } : hit, scores, move, [gradeMark(hit.grade, graded), moved]);
}

function movement(move, places, mark) {
  const arrow = { up: `↑${places}`, down: `↓${places}`, same: "=" }[move];
  const words = move === "same" ? "same place" : `${move} ${plural(places, "place")}`;
  return element("span", { class: `move ${move}` }, element("span", { "aria-hidden": "true" }, arrow), unseen(words), mark);
}

const badge = (text, words) =>
  element("span", { class: "badge", title: words }, element("span", { "aria-hidden": "true" }, text), unseen(words));

function item(side, hit, scores, move, marks) {
  const id = `${side}-${hit.rank}`;
  const [title, ...others] = namedFirst(hit.fields);
  const listed = others.map(([, text]) => text).filter((text) => text.length <= LISTED_CHARACTERS);
  const button = element(
    "button",
    { type: "button", class: "hit", "aria-expanded": "false", "aria-controls": id, tabindex: "-1" },
    element("span", { class: "rank" }, String(hit.rank)),
    element(
      "span",
      { class: "what" },
      element("span", { class: "title", dir: "auto" }, title?.[1] || hit.id),
      element("span", { class: "meta", dir: "auto" }, listed.slice(0, LISTED_FIELDS).join(" · ")),
    ),
    ...marks,
    element("span", { class: "score" }, unseen("score "), short(hit.score)),
  );
  button.dataset.id = hit.id;
  const made = element("li", { class: move }, button, details(id, hit, scores));
  made.dataset.move = move;
  return made;
}

function details(id, hit, scores) {
  const rows = [["id", hit.id], ...namedFirst(hit.fields), ...Object.entries(scores)];
  if (hit.grade) rows.push(["judged", hit.grade]);
  const list = rows.flatMap(([name, value]) => [
    element("dt", {}, name),
    element("dd", { dir: "auto" }, typeof value === "number" ? short(value) : String(value ?? "·")),
  ]);
  return element("dl", { id, class: "details", hidden: true }, ...list);
}

/** The product's fields with a text, its title (or, without one, its first text) in front. */
function namedFirst(fields) {
  const filled = Object.entries(fields).filter(([, text]) => text);
  return filled.sort(([a], [b]) => (b === "title") - (a === "title"));
}

/** A judge's grade: its letter, and a colour that colour-blind people tell apart; the whole name on hover. */
function gradeMark(name, graded) {
  if (!name) return graded ? element("span", { class: "grade" }) : null; // keeps the column straight
  const letter = name.slice(0, 1).toUpperCase();
  const words = `judged ${name}`;
  return element(
    "span",
    { class: `grade grade-${"ESPCI".includes(letter) ? letter : "other"}`, title: words },
    element("span", { "aria-hidden": "true" }, letter),
    unseen(words),
  );
}
