// The small charts of the live page.

import { Chart, key } from "./charts.js";
import { element } from "./element.js";
import { LENGTH } from "./history.js";
import { bytes, celsius, figure, gauge, known, seconds, timeOfDay, tokensPerSecond } from "./format.js";

const gpuName = (card) => `GPU ${card.gpu}`;

/** Models are named once; where several rows have one name, they are told apart by their container or hop. */
function named(rows, further) {
  const times = new Map();
  for (const { model } of rows) times.set(model, (times.get(model) ?? 0) + 1);
  return rows.map((row) => [
    times.get(row.model) > 1 && row[further] ? `${row.model} (${row[further]})` : row.model,
    row,
  ]);
}

const gpus = (value) => (moment) => (moment.gpu?.gpus ?? []).map((card) => [gpuName(card), value(card)]);
const engines = (value) => (moment) =>
  named(moment.vllm?.engines ?? [], "container").map(([name, engine]) => [name, value(engine)]);

/** Of the hop that is shown now: a line of several would jump where only the hop has changed. */
const proxy = (value) => (moment, moments) => {
  if (moment.proxy?.hop !== moments.findLast((one) => one.proxy)?.proxy.hop) return [];
  return named(moment.proxy?.models ?? [], "hop").map(([name, row]) => [name, value(row)]);
};

/** What engines say themselves; where none of them ever does, what the proxy has counted. Never both in one line. */
const engineOrProxy = (ofEngine, ofRow) => (moment, moments) => {
  const engineSays = moments.some(({ vllm }) => vllm?.engines?.some((engine) => known(ofEngine(engine))));
  return (engineSays ? engines(ofEngine) : proxy(ofRow))(moment, moments);
};
const tokens = engineOrProxy((engine) => engine.generation_tokens_per_second, (row) => row.output_tokens_per_second);
const prefixHits = engineOrProxy((engine) => engine.prefix_cache_hit_ratio, (row) => row.prefix_cache_hit_ratio);

const ratio = { tickformat: ".0%", range: [0, 1.02] };
const time = { tickformat: "~s", ticksuffix: "s" };
const CHARTS = [
  {
    group: "gpu",
    title: "GPU temperature",
    figures: gpus((card) => card.temperature_celsius),
    y: celsius,
    axis: { ticksuffix: " °C", rangemode: "normal" },
  },
  {
    group: "gpu",
    title: "GPU memory",
    figures: gpus((card) => card.memory_used_bytes),
    y: bytes,
    axis: { ticksuffix: " GiB" },
    scale: 2 ** -30,
  },
  { group: "gpu", title: "GPU utilisation", figures: gpus((card) => card.utilisation), y: gauge, axis: ratio },
  {
    group: "model",
    title: "Output tokens per second",
    figures: tokens,
    y: tokensPerSecond,
    axis: { tickformat: "~s" },
  },
  { group: "model", title: "Active requests", figures: proxy((row) => row.active), y: figure, axis: {} },
  { group: "model", title: "Time to first token, p95", figures: proxy((row) => row.time_to_first_token_p95), y: seconds, axis: time },
  { group: "model", title: "Prefix cache hits", figures: prefixHits, y: gauge, axis: ratio },
];

/** The charts of a group, `gpu` or `model`, with one key of names for all of them. */
export class LiveCharts {
  #charts;
  #names = [];
  #key = element("div");
  #label;

  constructor(group, label) {
    this.#label = label;
    this.#charts = CHARTS.filter((chart) => chart.group === group).map((plan) => ({
      plan,
      chart: new Chart(plan.title),
    }));
    const figures = this.#charts.map(({ chart }) => chart.figure);
    this.section = element("div", { hidden: true }, this.#key, element("div", { class: "charts small" }, figures));
  }

  update(history) {
    const drawn = this.#charts.map(({ plan, chart }) => ({ plan, chart, lines: history.lines(plan.figures) }));
    // A name keeps its colour as long as the page is open.
    const before = this.#names.length;
    for (const { lines } of drawn) {
      for (const { name } of lines) if (!this.#names.includes(name)) this.#names.push(name);
    }
    if (this.#names.length !== before) this.#key.replaceChildren(key(this.#label, this.#names));
    // Charts with nothing in them would only take room.
    this.section.hidden = this.#names.length === 0;
    if (this.section.hidden) return;
    for (const { plan, chart, lines } of drawn) chart.draw(figureOf(plan, lines, this.#names, history.window()));
  }
}

function figureOf(plan, lines, names, [start, end]) {
  const scale = plan.scale ?? 1;
  const traces = lines.map((line) => ({
    ...line,
    y: line.y.map((value) => (value === null ? null : value * scale)),
    series: names.indexOf(line.name),
  }));
  const last = lines.map(({ name, y }) => `${name} ${plan.y(y.at(-1))}`).join(", ");
  return {
    traces,
    layout: {
      showlegend: false,
      yaxis: plan.axis,
      xaxis: {
        type: "date",
        range: [start, end],
        tickformat: "%H:%M",
        hoverformat: "%H:%M:%S",
        dtick: end - start > LENGTH / 2 ? 120_000 : 60_000,
      },
    },
    summary: lines.length ? `The last ten minutes; now ${last}.` : "Nothing is known yet.",
    head: "time",
    x: timeOfDay,
    y: (value) => plan.y(value === null || value === undefined ? value : value / scale),
  };
}
