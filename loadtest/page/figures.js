// The charts of runs, as Plotly's figures: pure, without a page. `series` is the run's place among those compared.

import { known, percent, perSecond, seconds, tokensPerSecond, figure, count } from "./format.js";

const SECONDS = { tickformat: "~s", ticksuffix: "s" };

/** Times less than this far apart need no logarithm. */
const NEAR = 4;

/** A logarithmic axis from one time to another; Plotly's own labels of such an axis lose their unit here and there. */
function logSeconds(from, to) {
  if (to < from * NEAR) return { ...SECONDS, nticks: 6 };
  const [first, last] = [Math.floor(Math.log10(from)), Math.ceil(Math.log10(to))];
  const steps = last - first > 4 ? [1] : [1, 2, 5];
  const decades = Array.from({ length: last - first + 1 }, (_, decade) => 10 ** (first + decade));
  const tickvals = decades.flatMap((decade) => steps.map((step) => step * decade));
  return {
    type: "log",
    tickvals,
    ticktext: tickvals.map((value) =>
      seconds(value)
        .replace(/(\.\d*?)0+ /, "$1 ")
        .replace(". ", " "),
    ),
  };
}

/** The same, from the first to the last x of these. */
function logSecondsOf(traces) {
  const all = traces.flatMap(({ x }) => x).filter((x) => x > 0);
  return all.length ? logSeconds(smallest(all), largest(all)) : { type: "log" };
}
const latencyOf = (run, name) => run.summary.latencies?.[name];

/** The part of requests that took at most so long. */
export function cumulative(runs, latency) {
  const traces = runs.flatMap((run, series) => {
    const found = latencyOf(run, latency);
    if (!found?.buckets?.length) return [];
    let passed = 0;
    const steps = found.buckets.map(([bound, many]) => [bound, (passed += many)]);
    // The last bucket's bound lies above the highest of what was measured.
    const x = [found.min, ...steps.map(([bound]) => Math.min(bound, found.max))];
    const y = [0, ...steps.map(([, below]) => below / passed)];
    return [{ name: run.label, series, x, y, hovertemplate: "%{y:.1%}" }];
  });
  return {
    traces,
    layout: { xaxis: logSecondsOf(traces), yaxis: { tickformat: ".0%", range: [0, 1.02] } },
    summary: medians(runs, latency),
    head: "at most",
    x: seconds,
    y: percent,
  };
}

function medians(runs, latency) {
  return runs
    .map((run) => [run.label, latencyOf(run, latency)])
    .filter(([, found]) => found)
    .map(([label, { p50, p99 }]) => `${label}: median ${seconds(p50)}, p99 ${seconds(p99)}.`)
    .join(" ");
}

/** Buckets lie 5 % apart; so many of them at most become one bar each. */
const WIDTH = Math.log(1.05);
const MOST_BARS = 48;

/** How many requests, in percent, took about so long. */
export function histogram(runs, latency) {
  const found = runs.map((run) => latencyOf(run, latency));
  const bounds = found.flatMap((one) => (one?.buckets ?? []).map(([bound]) => bound)).filter((bound) => bound > 0);
  if (bounds.length === 0) return empty();
  const step = (bound) => Math.round(Math.log(bound) / WIDTH);
  const [first, last] = [step(smallest(bounds)), step(largest(bounds))];
  const together = Math.max(1, Math.ceil((last - first + 1) / MOST_BARS));
  const bars = Math.floor((last - first) / together) + 1;
  const edges = Array.from({ length: bars + 1 }, (_, bar) => Math.exp((first - 1 + bar * together) * WIDTH));
  const traces = runs.flatMap((run, series) => {
    const buckets = found[series]?.buckets;
    if (!buckets?.length) return [];
    const all = buckets.reduce((sum, [, many]) => sum + many, 0);
    const parts = new Array(bars).fill(0);
    for (const [bound, many] of buckets)
      parts[bound > 0 ? Math.floor((step(bound) - first) / together) : 0] += many / all;
    // A line of steps goes from edge to edge, and falls to nothing at the last one.
    return [
      {
        name: run.label,
        series,
        x: edges,
        y: [...parts, 0],
        line: { shape: "hv" },
        fill: "tozeroy",
        hovertemplate: "%{y:.1%}",
      },
    ];
  });
  return {
    traces,
    layout: { xaxis: logSeconds(edges[0], edges.at(-1)), yaxis: { tickformat: ".0%" } },
    summary: medians(runs, latency),
    head: "from",
    x: seconds,
    y: percent,
  };
}

const smallest = (values) => values.reduce((a, b) => Math.min(a, b));
const largest = (values) => values.reduce((a, b) => Math.max(a, b));
const empty = () => ({ traces: [], summary: "Nothing was measured." });

/** What a throughput curve can show. */
export const THROUGHPUTS = [
  ["output", "Output tokens per second", (figures) => figures.output_tokens?.per_second, tokensPerSecond],
  ["requests", "Requests per second", (figures) => figures.requests_per_second, perSecond],
  ["wanted", "Requests per second that were wanted", (figures, stage) => stage?.rate, perSecond],
];

/** Throughput against a latency: a line through the stages of a ramp or search, a point for any other run. */
export function curve(runs, throughput, latency, quantile) {
  const [, words, value, show] = THROUGHPUTS.find(([name]) => name === throughput);
  const traces = runs.flatMap((run, series) => {
    const stages = run.stages?.length ? run.stages : [{ figures: run.summary, rate: run.scenario?.load?.rate }];
    const points = stages
      .map((stage) => ({ stage, x: value(stage.figures, stage), y: stage.figures.latencies?.[latency]?.[quantile] }))
      .filter(({ x, y }) => known(x) && known(y))
      .sort((a, b) => a.x - b.x);
    if (points.length === 0) return [];
    return [
      {
        name: run.label,
        series,
        mode: points.length > 1 ? "lines+markers" : "markers",
        x: points.map(({ x }) => x),
        y: points.map(({ y }) => y),
        text: points.map(({ stage }) => stageName(stage)),
        hovertemplate: "%{text} %{y:.3~s}s at %{x:.3~s}",
      },
    ];
  });
  return {
    traces,
    layout: { hovermode: "closest", xaxis: { title: words, tickformat: "~s", rangemode: "tozero" }, yaxis: SECONDS },
    summary: traces
      .map(
        ({ name, x, y }) =>
          `${name}: from ${show(x[0])} at ${seconds(y[0])} to ${show(x.at(-1))} at ${seconds(y.at(-1))}.`,
      )
      .join(" "),
    head: words,
    x: show,
    y: seconds,
  };
}

/** What a stage was. */
export function stageName({ rate, concurrency }) {
  if (known(rate)) return `${perSecond(rate)} wanted`;
  return known(concurrency) ? `${count(concurrency)} at once` : "";
}

/** What is shown second by second: the lines of one run. Of several runs, each has the last of them. */
export const TIMELINES = [
  {
    title: "Requests that ended, per second",
    show: figure,
    lines: [["", (second) => second.succeeded + second.failed]],
  },
  { title: "Failures per second", show: figure, lines: [["", (second) => second.failed]] },
  { title: "Requests under way", show: figure, lines: [["", (second) => second.active]] },
  {
    title: "Output per second",
    show: figure,
    lines: [
      ["tokens", (second) => second.output_tokens],
      ["events", (second) => second.events],
    ],
  },
  {
    title: "Time to first token",
    show: seconds,
    axis: SECONDS,
    lines: [
      ["p50", (second) => second.time_to_first_token_p50],
      ["p95", (second) => second.time_to_first_token_p95],
    ],
  },
  {
    title: "Inter-token latency",
    show: seconds,
    axis: SECONDS,
    lines: [
      ["p50", (second) => second.inter_token_latency_p50],
      ["p95", (second) => second.inter_token_latency_p95],
    ],
  },
];

const COUNTS = { tickformat: "~s" };

/** What a timeline is called. */
export function timelineTitle(runs, { title, lines }) {
  const [last] = lines.at(-1);
  return runs.length > 1 && last ? `${title}, ${last}` : title;
}

/** A timeline of one run, or of several that are laid over each other. */
export function timeline(runs, { lines, show, axis = COUNTS }) {
  const x = (run) => run.timeline.map(({ at }) => at);
  const y = (run, value) => run.timeline.map((second) => value(second) ?? null);
  const [, last] = lines.at(-1);
  const traces =
    runs.length > 1
      ? runs.map((run, series) => ({ name: run.label, series, x: x(run), y: y(run, last) }))
      : lines.map(([name, value], series) => ({ name, series, x: x(runs[0]), y: y(runs[0], value) }));
  // A single second is no line.
  for (const trace of traces) if (trace.x.length < 3) trace.mode = "lines+markers";
  // Half a request is not on the axis.
  const few = axis === COUNTS && traces.every((trace) => trace.y.every((value) => value <= 5));
  const highest = traces
    .map((trace) => [trace.name, trace.y.filter(known)])
    .filter(([, values]) => values.length)
    .map(([name, values]) => `${name} at most ${show(largest(values))}`.trim());
  return {
    traces,
    layout: { xaxis: { ticksuffix: " s", nticks: 6 }, yaxis: few ? { ...axis, dtick: 1, range: [0, 5.2] } : axis },
    summary: highest.length ? `${highest.join(", ")}.` : "Nothing was measured.",
    head: "since the start",
    x: seconds,
    y: show,
  };
}
