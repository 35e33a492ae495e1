// Small helpers for the page's elements. Text goes in as text, never as markup, so no product can bring a script along.

/** The element with this id. */
export const byId = (id) => document.getElementById(id);

/** A new element; `attributes` with null or false are left out, `children` are elements or texts. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** Text for screen readers alone. */
export const unseen = (text) => element("span", { class: "unseen" }, text);

/** A number with three significant digits, as tables like it: 3.21, 0.0161, 412. */
export function short(number) {
  if (number === null || number === undefined) return "·";
  const size = Math.abs(number);
  return number.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 || size === 0 ? 2 : 4);
}

/** Milliseconds for people. */
export const milliseconds = (ms) => `${ms >= 10 ? ms.toFixed(0) : ms.toFixed(1)} ms`;

/** "1 result", "2 results". */
export const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
