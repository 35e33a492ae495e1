// What is said about an answer as a whole: how much was found, how long each stage took, and what went wrong.

import { byId, element, milliseconds, plural } from "./elements.js";

const STAGES = ["queue", "retrieve", "fetch", "rerank", "blend"];
const ROUTES = {
  student: "reranked by the student",
  score_table: "reranked from the score table",
  first_stage: "first stage alone",
};
const REASONS = {
  no_time: "The deadline left no time for the reranker.",
  late: "The reranker was not done within the deadline.",
  failed: "The reranker failed.",
  stuck: "The reranker hangs.",
};

/** One line and a bar: results, window, route, and the milliseconds of each stage. */
export function showSummary(answer) {
  const total = answer.timings_ms.total ?? 0;
  const count = plural(answer.hits.length, "result");
  const found = answer.total_in_window > answer.hits.length ? `${count} of ${answer.total_in_window}` : count;
  const how = ROUTES[answer.route] ?? answer.route;
  const window = answer.route === "first_stage" ? how : `${how}, window ${answer.window}`;
  byId("summary").replaceChildren(
    element("p", { class: "found" }, element("strong", {}, found), ` · ${window} · `, element("strong", {}, milliseconds(total))),
    timings(answer.timings_ms, total),
  );
  return `${found} for ${answer.query}, ${how}, in ${milliseconds(total)}`;
}

function timings(timings, total) {
  const known = STAGES.map((name) => ({ name, ms: timings[name] ?? 0 }));
  const rest = total - known.reduce((sum, { ms }) => sum + ms, 0);
  const stages = [...known, { name: "other", ms: rest }].filter(({ ms }) => ms >= 0.05 && ms >= total / 1000);
  const bar = element("div", { class: "bar", "aria-hidden": "true" });
  const list = element("ul", { class: "stages", "aria-label": "Milliseconds of each stage" });
  for (const { name, ms } of stages) {
    const part = element("span", { class: `stage-${name}`, title: `${name} ${milliseconds(ms)}` });
    part.style.flexGrow = ms;
    bar.append(part);
    list.append(element("li", { class: `stage-${name}` }, `${name} ${milliseconds(ms)}`));
  }
  return element("div", { class: "timings" }, bar, list);
}

/** A banner when the answer is not what was asked for, with the reason. */
export function showDegraded(answer) {
  const banner = byId("degraded");
  banner.hidden = !answer.degraded;
  if (!answer.degraded) return banner.replaceChildren();
  const reason = answer.degraded_reason ?? "";
  return banner.replaceChildren(
    element("strong", {}, "Not reranked. "),
    `${REASONS[reason] ?? reason} The products are in the first stage's order.`,
  );
}

/** Say kindly that a search failed; `retry` is called by the button, `useKey` with the key that was typed. */
export function showProblem(error, retry, useKey) {
  const problem = byId("problem");
  const wantsKey = error.status === 401;
  const words = [error.keyless ? null : sentence(error.message)];
  if (wantsKey) words.push("Type an API key; it is kept in this tab alone.");
  if (error.retryAfter !== null) words.push(`Try again in ${plural(Math.max(1, error.retryAfter), "second")}.`);
  const said = [
    element("h2", {}, wantsKey ? "This server asks for a key" : "This search was not answered"),
    element("p", {}, words.filter(Boolean).join(" ")),
    error.requestId ? element("p", { class: "request" }, "Request ", element("code", {}, error.requestId)) : null,
    wantsKey ? keyForm(useKey) : retryButton(retry),
  ];
  problem.replaceChildren(...said.filter(Boolean));
  problem.hidden = false;
}

/** A server's message as a sentence. */
const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");

function retryButton(retry) {
  const button = element("button", { type: "button" }, "Try again");
  button.addEventListener("click", retry);
  return button;
}

function keyForm(useKey) {
  const box = element("input", { type: "password", "aria-label": "API key", autocomplete: "off", required: true });
  const form = element("form", {}, box, element("button", { type: "submit" }, "Use this key"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    useKey(box.value.trim());
  });
  return form;
}
