// The charts of runs, with what can be chosen.

import { Chart } from "./charts.js";
import { LATENCIES, QUANTILES } from "./compare.js";
import { element } from "./element.js";
import { cumulative, curve, histogram, THROUGHPUTS, timeline, TIMELINES, timelineTitle } from "./figures.js";
import { section } from "./run_sections.js";

/** A choice of one of several: `options` are pairs of a value and its words. */
function choice(words, options, chosen, onchange) {
  const select = element("select", { onchange: () => onchange(select.value) });
  select.append(...options.map(([value, text]) => element("option", { value, selected: value === chosen }, text)));
  return element("label", { class: "choice" }, `${words} `, select);
}

/** Latencies that some run has. */
const measured = (runs) => LATENCIES.filter(([name]) => runs.some((run) => run.summary.latencies?.[name]?.count));

/** Distributions of a latency. All of these give the section, and `draw(runs)`, or `null` where nothing was measured. */
export function distributions(all) {
  const latencies = measured(all);
  if (latencies.length === 0) return null;
  let runs = all;
  let [[latency]] = latencies;
  const below = new Chart("Cumulative distribution", "part that took at most so long");
  const about = new Chart("Histogram", "part that took about so long");
  const show = () => {
    below.draw(cumulative(runs, latency));
    about.draw(histogram(runs, latency));
  };
  const choose = (chosen) => {
    latency = chosen;
    show();
  };
  const made = section(
    "Latency",
    choice("Show", latencies, latency, choose),
    element("div", { class: "charts" }, below.figure, about.figure),
  );
  return { made, draw: (renewed) => ((runs = renewed), show()) };
}

/** Throughput against latency. */
export function throughput(all) {
  const latencies = measured(all);
  // One point is no curve.
  if (latencies.length === 0 || (all.length === 1 && !all[0].stages?.length)) return null;
  let runs = all;
  const chosen = { throughput: "output", latency: latencies[0][0], quantile: "p95" };
  const chart = new Chart("Throughput against latency", "a line goes through the stages of a ramp or search");
  const show = () => chart.draw(curve(runs, chosen.throughput, chosen.latency, chosen.quantile));
  const choose = (what) => (value) => {
    chosen[what] = value;
    show();
  };
  const made = section(
    "Throughput against latency",
    element(
      "div",
      { class: "choices" },
      choice("Latency", latencies, chosen.latency, choose("latency")),
      choice("Quantile", QUANTILES, chosen.quantile, choose("quantile")),
      choice("Throughput", THROUGHPUTS, chosen.throughput, choose("throughput")),
    ),
    element("div", { class: "charts" }, chart.figure),
  );
  return { made, draw: (renewed) => ((runs = renewed), show()) };
}

/** Second by second. */
export function timelines(all) {
  if (!all.some((run) => run.timeline?.length)) return null;
  const charts = TIMELINES.map((plan) => ({ plan, chart: new Chart(timelineTitle(all, plan)) }));
  const figures = charts.map(({ chart }) => chart.figure);
  const draw = (runs) => {
    const whole = runs.map((run) => ({ ...run, timeline: run.timeline ?? [] }));
    for (const { plan, chart } of charts) chart.draw(timeline(whole, plan));
  };
  return { made: section("Second by second", element("div", { class: "charts small three" }, figures)), draw };
}
