// One run, or several side by side: the sections, renewed in place while a run is going on.

import { swatch } from "./charts.js";
import { element, facts, moment } from "./element.js";
import { seconds, when } from "./format.js";
import { slowest } from "./requests.js";
import { distributions, throughput, timelines } from "./run_charts.js";
import * as sections from "./run_sections.js";
import * as surroundings from "./run_surroundings.js";
import { models, status } from "./runs_table.js";

const CHARTS = { distributions, throughput, timelines };
const FIRST = [sections.warnings, header, sections.differenceTable];
const REST = [
  sections.goodput,
  sections.stages,
  sections.byModel,
  sections.outcomes,
  surroundings.beside,
  surroundings.gpus,
];

/** `actions`: `remove(id)` and `first(id)`, for several runs. */
export class RunView {
  element = element("div", { class: "view" });
  #renewed = [];
  #charts = [];
  #actions;

  constructor(runs, links, actions) {
    this.#actions = actions;
    this.element.append(this.#title(runs));
    for (const make of FIRST) this.#place(make);
    this.#chart("distributions");
    this.#place((runs) => sections.section("All quantiles", sections.latencyTable(runs)));
    this.#chart("throughput");
    this.#chart("timelines");
    for (const make of REST) this.#place(make);
    const requests = runs.map((run) => slowest(run, links.trace));
    this.element.append(
      ...[sections.section("Slowest requests", requests), surroundings.environment(runs)].filter(Boolean),
    );
  }

  /** Shows what has become of the runs. To be called once the view is part of the page: charts need to know their width. */
  update(runs) {
    for (const { holder, make } of this.#renewed) renew(holder, make(runs));
    for (const one of this.#charts) {
      if (!one.charts) {
        one.charts = CHARTS[one.name](runs);
        if (one.charts) one.holder.append(one.charts.made);
      }
      one.charts?.draw(runs);
    }
  }

  #place(make) {
    const holder = element("div");
    this.#renewed.push({ holder, make });
    this.element.append(holder);
  }

  #chart(name) {
    const holder = element("div");
    this.#charts.push({ holder, name, charts: null });
    this.element.append(holder);
  }

  #title(runs) {
    const [run] = runs;
    if (runs.length === 1) return element("h1", { id: "title", tabindex: -1 }, run.name || run.id);
    const lines = runs.map((run, index) => this.#line(run, index));
    return element(
      "div",
      {},
      element("h1", { id: "title", tabindex: -1 }, `${runs.length} runs compared`),
      element("ol", { class: "compared" }, lines),
    );
  }

  #line(run, index) {
    const name = run.name || run.id;
    const button = (words, action) =>
      element(
        "button",
        {
          type: "button",
          class: "small",
          "aria-label": `${words}: ${run.label} ${name}`,
          onclick: () => action(run.id),
        },
        words,
      );
    return element(
      "li",
      {},
      swatch(index),
      element("b", {}, run.label),
      element("a", { href: `benchmarks.html?run=${encodeURIComponent(run.id)}`, "data-run": run.id }, name),
      element(
        "span",
        { class: "quiet" },
        [status(run), when(run.started_at), run.target, models(run)].filter(Boolean).join(" · "),
      ),
      index > 0
        ? button("Compare with this one", this.#actions.first)
        : element("span", { class: "quiet" }, "the others are compared with it"),
      button("Remove", this.#actions.remove),
    );
  }
}

/** What one run was. */
function header(runs) {
  if (runs.length > 1) return null;
  const [run] = runs;
  const length = run.ended_at ? (new Date(run.ended_at) - new Date(run.started_at)) / 1000 : null;
  return element(
    "div",
    {},
    facts([
      ["status", status(run)],
      ["started", moment(run.started_at, when(run.started_at))],
      ["took", length === null ? null : seconds(length)],
      ["target", run.target],
      ["models", models(run)],
      ["id", run.id],
      ["answers", run.scenario?.capture ? answers(run) : "not kept"],
    ]),
    run.scenario?.description ? element("p", { class: "quiet" }, run.scenario.description) : null,
    sections.strip(run),
  );
}

const answers = (run) =>
  element("a", { href: `view_results.html?runs=${encodeURIComponent(run.id)}` }, "prompts and answers");

/** Puts a new node in place of the old one; boxes stay scrolled to where they were, and focused. */
function renew(holder, node) {
  const boxes = () => [...holder.querySelectorAll(".scroll")];
  const before = boxes().map((box) => [box.scrollLeft, box === document.activeElement]);
  holder.replaceChildren(...(node ? [node] : []));
  boxes().forEach((box, index) => {
    const [left, focused] = before[index] ?? [0, false];
    box.scrollLeft = left;
    if (focused) box.focus({ preventScroll: true });
  });
}
