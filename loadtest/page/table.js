// Tables: sorted by the buttons of their heads, scrolling inside their box, and renewed in place, so that neither
// the focus nor a selection of text is lost.

import { element } from "./element.js";
import { UNKNOWN } from "./format.js";

/**
 * A column: `label`, `value(row)` to sort by and, unless `show` says otherwise, to show.
 *   show(row)   the text of the cell
 *   node(row)   an element instead, made anew only when `show` of the row changes
 *   numeric     aligned to the right, and sorted downwards first
 *   head        the cell names the row
 *   title       what the column means
 *   fixed       cannot be sorted by
 *   silent      its label is only for those who do not see the column
 */
export class Table {
  #columns;
  #key;
  #sort = null;
  #rows = [];
  #made = new Map();
  #body = element("tbody");
  #heads = [];
  #onSort;
  #mark;

  constructor({ caption, columns, key, sort = null, onSort = () => {}, mark = () => "", hideCaption = false }) {
    this.#columns = columns;
    this.#key = key;
    this.#sort = sort;
    this.#onSort = onSort;
    this.#mark = mark;
    this.#heads = columns.map((column, index) => this.#head(column, index));
    const table = element(
      "table",
      {},
      element("caption", { class: hideCaption ? "unseen" : null }, caption),
      element("thead", {}, element("tr", {}, this.#heads)),
      this.#body,
    );
    this.box = element("div", { class: "scroll", role: "region", tabindex: 0, "aria-label": caption }, table);
    this.#showSort();
  }

  /** Shows these rows. */
  update(rows) {
    this.#rows = rows;
    const sorted = this.#sorted();
    const made = new Map();
    const lines = sorted.map((row) => {
      let key = String(this.#key(row));
      while (made.has(key)) key += " again";
      const line = this.#made.get(key) ?? this.#line();
      made.set(key, line);
      this.#fill(line, row);
      return line;
    });
    this.#made = made;
    place(this.#body, lines);
  }

  #head(column, index) {
    const attributes = { scope: "col", class: column.numeric ? "number" : null, title: column.title };
    if (column.fixed)
      return element("th", attributes, element("span", { class: column.silent ? "unseen" : null }, column.label));
    const button = element(
      "button",
      { type: "button", class: "sort", onclick: () => this.#sortBy(index) },
      column.label,
    );
    return element("th", attributes, button);
  }

  #sortBy(index) {
    const column = this.#columns[index];
    const same = this.#sort?.label === column.label;
    this.#sort = { label: column.label, down: same ? !this.#sort.down : Boolean(column.numeric) };
    this.#showSort();
    this.#onSort(this.#sort);
    this.update(this.#rows);
  }

  #showSort() {
    this.#columns.forEach((column, index) => {
      const head = this.#heads[index];
      if (column.label === this.#sort?.label)
        head.setAttribute("aria-sort", this.#sort.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
  }

  #sorted() {
    const column = this.#columns.find(({ label }) => label === this.#sort?.label);
    if (!column) return this.#rows;
    const { down } = this.#sort;
    const valued = this.#rows.map((row) => [column.value(row), row]);
    valued.sort(([a], [b]) => byValue(a, b, down));
    return valued.map(([, row]) => row);
  }

  #line() {
    return element(
      "tr",
      {},
      this.#columns.map((column) =>
        element(column.head ? "th" : "td", {
          scope: column.head ? "row" : null,
          class: column.numeric ? "number" : null,
        }),
      ),
    );
  }

  #fill(line, row) {
    line.className = this.#mark(row);
    this.#columns.forEach((column, index) => {
      const cell = line.cells[index];
      const text = String((column.show ?? column.value)(row) ?? UNKNOWN);
      if (cell.dataset.shown === text) return;
      cell.dataset.shown = text;
      if (column.node) cell.replaceChildren(column.node(row));
      else cell.textContent = text;
    });
  }
}

/** What is not known comes last, whichever way one sorts. */
function byValue(a, b, down) {
  const none = (value) => value === null || value === undefined || Number.isNaN(value);
  if (none(a) || none(b)) return Number(none(a)) - Number(none(b));
  const order = typeof a === "string" ? a.localeCompare(b, undefined, { numeric: true }) : a - b;
  return down ? -order : order;
}

/** Puts children in this order, and moves only those that are elsewhere: a moved one loses its focus. */
function place(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  children.forEach((child, index) => {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  });
}

/** Whether a text is a figure, known or not. */
const isFigure = (cell) => /^[–−+~<>\d]/.test(cell instanceof Node ? cell.textContent : (cell ?? UNKNOWN));

/** A table that stays as it is: heads, and rows of texts or nodes; the first cell names the row. */
export function plainTable(caption, heads, rows, { hideCaption = false } = {}) {
  const numeric = heads.map((_, index) => index > 0 && rows.every((cells) => isFigure(cells[index])));
  const kind = (index) => (numeric[index] ? "number" : null);
  const body = rows.map((cells) => {
    const shown = cells.map((cell, index) =>
      element(index === 0 ? "th" : "td", { scope: index === 0 ? "row" : null, class: kind(index) }, cell ?? UNKNOWN),
    );
    return element("tr", {}, shown);
  });
  return element(
    "div",
    { class: "scroll", role: "region", tabindex: 0, "aria-label": caption },
    element(
      "table",
      {},
      element("caption", { class: hideCaption ? "unseen" : null }, caption),
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          heads.map((head, index) => element("th", { scope: "col", class: kind(index) }, head)),
        ),
      ),
      element("tbody", {}, body),
    ),
  );
}
