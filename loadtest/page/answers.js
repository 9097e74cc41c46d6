// Answers side by side: a row per prompt, a column per model, and per run where several are shown.

import * as api from "./api.js";
import { element, folded } from "./element.js";
import { count } from "./format.js";
import { announce } from "./page.js";

const AT_ONCE = 200;
/** So much of a text is shown at first, in characters. */
const LONG = 1500;

/** Prompts come in the order of their numbers and turns; a row is all that was answered to one. */
const before = (a, b) => a.prompt_number - b.prompt_number || a.turn - b.turn;
const keyOf = ({ prompt_number, turn }) => `${prompt_number} ${turn}`;

/** What several runs have kept, read as far as it is wanted. */
export class Answers {
  #sources;

  constructor(runs, filter) {
    this.#sources = runs.map((run) => ({ run, filter, items: [], total: null }));
  }

  /** How many answers there are. */
  get total() {
    return this.#sources.reduce((sum, { total }) => sum + (total ?? 0), 0);
  }

  /** The rows from `start` to `end`, `{ first, answers }`, and whether there are more. */
  async rows(start, end) {
    await Promise.all(this.#sources.filter(({ total }) => total === null).map(more));
    for (;;) {
      const open = this.#sources.filter((source) => source.items.length < source.total);
      // Of the last prompt that was read there may be more answers to come.
      const last = open.map(({ items }) => items.at(-1)).sort(before)[0];
      const rows = this.#grouped(last);
      if (rows.length > end || !last) return { rows: rows.slice(start, end), more: rows.length > end };
      await Promise.all(open.filter(({ items }) => before(items.at(-1), last) === 0).map(more));
    }
  }

  #grouped(last) {
    const rows = new Map();
    for (const { run, items } of this.#sources) {
      for (const content of items) {
        if (last && before(content, last) >= 0) break;
        const key = keyOf(content);
        if (!rows.has(key)) rows.set(key, { first: content, answers: [] });
        rows.get(key).answers.push({ run, content });
      }
    }
    return [...rows.values()].sort((a, b) => before(a.first, b.first));
  }
}

async function more(source) {
  const { contents, total } = await api.contents(source.run.id, source.filter, source.items.length, AT_ONCE);
  source.items.push(...contents);
  // Fewer than were promised: there are no more.
  source.total = contents.length === 0 ? source.items.length : total;
}

/** Columns: a model of a run each, in the order of the runs. */
export function columnsOf(rows, runs) {
  const columns = new Map();
  for (const { answers } of rows) {
    for (const { run, content } of answers) columns.set(columnKey(run, content), { run, model: content.model });
  }
  const place = ({ run }) => runs.findIndex(({ id }) => id === run.id);
  return [...columns.values()].sort((a, b) => place(a) - place(b) || a.model.localeCompare(b.model));
}
const columnKey = (run, { model }) => `${run.id}\n${model}`;

/** The rows, as a part of the page. */
export function grid(rows, columns, severalRuns) {
  const made = element(
    "div",
    { class: "answers", style: `--columns: ${columns.length}` },
    rows.map((row) => rowOf(row, columns, severalRuns)),
  );
  made.addEventListener("keydown", onKey);
  return made;
}

function rowOf({ first, answers }, columns, severalRuns) {
  const turn = answers.some(({ content }) => content.turn > 0) ? `, turn ${first.turn + 1}` : "";
  const cells = columns.map(({ run, model }) => {
    const found = answers.filter((answer) => answer.run.id === run.id && answer.content.model === model);
    const shown = found.map((answer) => answerOf(answer, first.prompt, severalRuns));
    return element("div", { class: shown.length ? "cell" : "cell none" }, shown.length ? shown : "no such answer");
  });
  return element(
    "section",
    { class: "prompt" },
    element("h2", {}, `Prompt ${first.prompt_number}${turn}`),
    long(first.prompt, "asked"),
    element("div", { class: "cells" }, cells),
  );
}

function answerOf({ run, content }, prompt, severalRuns) {
  return element(
    "article",
    { class: content.gold ? "gold" : null },
    element(
      "header",
      {},
      element(
        "h3",
        {},
        content.model,
        severalRuns ? element("span", { class: "quiet" }, ` ${run.name || run.id}`) : null,
      ),
      star(run, content),
    ),
    content.prompt === prompt ? null : folded("Asked otherwise", long(content.prompt, "asked")),
    content.reasoning
      ? folded(`Reasoning, ${count(content.reasoning.length)} characters`, long(content.reasoning, "reasoning"))
      : null,
    content.answer ? long(content.answer, "answer") : element("p", { class: "quiet" }, "The answer is empty."),
    content.cut ? element("p", { class: "quiet" }, "Cut when it was kept: there was more.") : null,
  );
}

function star(run, content) {
  const button = element("button", { type: "button", class: "star", onclick: toggle });
  const show = () => {
    button.setAttribute("aria-pressed", String(content.gold));
    button.setAttribute("aria-label", `Gold: answer of ${content.model}, request ${content.request}`);
    button.textContent = content.gold ? "★ gold" : "☆ gold";
    button.closest("article")?.classList.toggle("gold", content.gold);
  };
  async function toggle() {
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    content.gold = !content.gold;
    show();
    try {
      await api.setGold(run.id, content.request, content.gold);
      announce(content.gold ? "Marked as gold" : "No longer gold");
    } catch (error) {
      content.gold = !content.gold;
      show();
      announce(`Not marked: ${error.message}`);
      button.title = `Not marked: ${error.message}`;
      button.textContent += " – failed";
    } finally {
      button.removeAttribute("aria-disabled");
    }
  }
  show();
  return button;
}

/** A text, its beginning at first where it is long. */
function long(text, kind) {
  const made = element("div", { class: `text ${kind}`, dir: "auto" }, text.slice(0, LONG));
  if (text.length <= LONG) return made;
  const all = () => {
    made.textContent = text;
    made.tabIndex = -1;
    made.focus({ preventScroll: true });
  };
  made.append(
    " … ",
    element("button", { type: "button", class: "small", onclick: all }, `Show all ${count(text.length)} characters`),
  );
  return made;
}

/** `g` marks the answer that has the focus; `n` and `p` go to the next and the previous one. */
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const article = event.target.closest("article");
  if (!article) return;
  if (event.key === "g") article.querySelector(".star").click();
  const step = { n: 1, p: -1 }[event.key];
  if (step === undefined) return;
  const all = [...event.currentTarget.querySelectorAll("article .star")];
  all[all.indexOf(article.querySelector(".star")) + step]?.focus();
}
