// Filters: the values that the window's products have, with counts, and the active ones as chips.

import { byId, element, unseen } from "./elements.js";

const SHOWN = 8;
const nameOf = (value) => value || "(none)";

/** A memory of the values that were on offer, so that a second one of the same field can still be picked. */
export class Filters {
  constructor(onChange) {
    this.onChange = onChange;
    this.query = null;
    this.known = {};
    this.opened = new Set();
    byId("facets").addEventListener("change", ({ target }) => {
      if (target.dataset.field) this.onChange(target.dataset.field, target.value, target.checked);
    });
    byId("facets").addEventListener("click", ({ target }) => {
      if (target.dataset.more) this.open(target);
    });
    byId("chips").addEventListener("click", ({ target }) => {
      const chip = target.closest("button");
      if (chip) this.onChange(chip.dataset.field ?? null, chip.dataset.value ?? null, false);
    });
  }

  /** Show what can be filtered by, and what is; the focus stays where it was. */
  show(search, facets) {
    if (search.query !== this.query) {
      this.known = {};
      this.opened.clear();
    }
    this.query = search.query;
    const groups = [];
    for (const field of new Set([...Object.keys(facets), ...Object.keys(search.filters)])) {
      const values = this.values(field, facets[field] ?? [], search.filters[field] ?? []);
      if (search.filters[field] || groupsProducts(facets[field] ?? [])) groups.push(this.group(field, values, new Set(search.filters[field] ?? [])));
    }
    keepingFocus(byId("facets"), () => byId("facets").replaceChildren(...groups));
    byId("filters").hidden = groups.length === 0;
    this.chips(search.filters);
  }

  /** Values with counts; once a field is filtered, the others that were there before follow without a count. */
  values(field, counted, chosen) {
    if (!chosen.length) this.known[field] = counted.map(({ value }) => value);
    const counts = new Map(counted.map(({ value, count }) => [value, count]));
    const all = new Set([...(this.known[field] ?? []), ...counts.keys(), ...chosen]);
    return [...all].map((value) => ({ value, count: counts.get(value) ?? null }));
  }

  group(field, values, chosen) {
    const whole = this.opened.has(field);
    const rows = values.map(({ value, count }, place) => {
      const box = element("input", { type: "checkbox", value, checked: chosen.has(value) });
      box.dataset.field = field;
      return element(
        "label",
        { class: "value", hidden: place >= SHOWN && !whole && !chosen.has(value) },
        box,
        element("span", { class: "name", dir: "auto", title: nameOf(value) }, nameOf(value)),
        element("span", { class: "count" }, count === null ? "" : String(count)),
      );
    });
    const more = rows.some((row) => row.hidden)
      ? element("button", { type: "button", class: "quiet", "data-more": field }, `all ${values.length}`)
      : null;
    return element("fieldset", {}, element("legend", {}, field), ...rows, more);
  }

  open(button) {
    this.opened.add(button.dataset.more);
    const group = button.parentElement;
    for (const row of group.querySelectorAll("label")) row.hidden = false;
    group.querySelectorAll("input")[SHOWN]?.focus();
    button.remove();
  }

  chips(filters) {
    const chosen = Object.entries(filters).flatMap(([field, values]) => values.map((value) => [field, value]));
    const chips = chosen.map(([field, value]) => chip(field, value));
    if (chips.length > 1) chips.push(element("li", {}, element("button", { type: "button", class: "quiet" }, "Remove all")));
    const list = byId("chips");
    const held = list.contains(document.activeElement);
    list.replaceChildren(...chips);
    list.hidden = chips.length === 0;
    if (held) (list.querySelector("button") ?? byId("query")).focus();
  }
}

/** Whether there is something to choose: two values or more, and not one product each (as titles are). */
const groupsProducts = (counted) => counted.length > 1 && counted.some(({ count }) => count > 1);

function chip(field, value) {
  const button = element(
    "button",
    { type: "button", class: "chip" },
    unseen("Remove filter "),
    element("span", { class: "field" }, `${field} `),
    element("span", { dir: "auto" }, nameOf(value)),
    element("span", { class: "cross", "aria-hidden": "true" }, "×"),
  );
  Object.assign(button.dataset, { field, value });
  return element("li", {}, button);
}

function keepingFocus(panel, change) {
  const held = panel.contains(document.activeElement) ? { ...document.activeElement.dataset, value: document.activeElement.value } : null;
  change();
  if (!held) return;
  const again = [...panel.querySelectorAll("input")].find((box) => box.dataset.field === held.field && box.value === held.value);
  (again ?? byId("query")).focus();
}
