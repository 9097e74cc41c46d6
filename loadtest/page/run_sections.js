// What is said of one run, or of several side by side, in words and tables. Each section is `null` where no run has
// anything to say. A run has a `label`: its letter among those compared, or its name.

import { differences, LATENCIES, QUANTILES } from "./compare.js";
import { element, reading } from "./element.js";
import { count, figure, known, percent, perSecond, seconds, signed, tokensPerSecond, UNKNOWN } from "./format.js";
import { stageName } from "./figures.js";
import { plainTable } from "./table.js";

export function section(title, ...parts) {
  const shown = parts.flat().filter(Boolean);
  return shown.length ? element("section", {}, element("h2", {}, title), ...shown) : null;
}

/** The run's name before its rows, where there are several. */
export const labelled = (runs, run, name) => (runs.length > 1 ? `${run.label} · ${name}` : name);

/** The figures that are asked for first, of one run. */
export function strip({ summary }) {
  const ttft = summary.latencies?.time_to_first_token;
  const itl = summary.latencies?.inter_token_latency;
  const estimated = summary.output_tokens?.estimated;
  const goodput = summary.goodput;
  return element(
    "dl",
    { class: "strip" },
    reading("Requests", count(summary.ended), summary.cut ? `and ${count(summary.cut)} cut` : null),
    reading("Success", percent(summary.success_rate)),
    reading("Rate", perSecond(summary.requests_per_second), `in ${seconds(summary.seconds)}`),
    reading(
      "Output",
      tokensPerSecond(summary.output_tokens?.per_second),
      estimated ? `~ ${percent(estimated / summary.output_tokens.total)} estimated` : null,
    ),
    reading(
      "Time to first token",
      seconds(ttft?.p50),
      ttft ? `p95 ${seconds(ttft.p95)}, p99 ${seconds(ttft.p99)}` : null,
    ),
    reading("Inter-token latency", seconds(itl?.p50), itl ? `p95 ${seconds(itl.p95)}, p99 ${seconds(itl.p99)}` : null),
    goodput ? reading("Goodput", perSecond(goodput.per_second), `${percent(goodput.share)} met the SLO`) : null,
  );
}

/** Each figure of all runs, and how it lies to that of the first. */
export function differenceTable(runs) {
  if (runs.length < 2) return null;
  const [first, ...others] = runs;
  const heads = ["Figure", first.label, ...others.flatMap((run) => [run.label, `${run.label} against ${first.label}`])];
  const lines = differences(runs).map(({ what, show, share, values, against }) => [
    what,
    show(values[0]),
    ...others.flatMap((_, index) => [show(values[index + 1]), differenceCell(against[index + 1], show, share)]),
  ]);
  return section(
    "Difference",
    element(
      "p",
      { class: "quiet" },
      "One measurement each, so there is no confidence interval: ",
      element("code", {}, "weir-loadtest compare"),
      " measures one. Less than 1 % apart is called the same.",
    ),
    plainTable(`Difference against ${first.label}`, heads, lines, { hideCaption: true }),
  );
}

function differenceCell(found, show, share) {
  if (!found) return UNKNOWN;
  const { change, part, verdict } = found;
  const size = share ? `${signed((value) => figure(value * 100), change)} points` : signed(show, change);
  const relative = part === null || share ? "" : ` (${signed(percent, part)})`;
  return element("span", { class: `verdict ${verdict}` }, `${size}${relative} `, element("b", {}, verdict));
}

/** All quantiles. */
export function latencyTable(runs) {
  const lines = LATENCIES.flatMap(([name, words]) =>
    runs.flatMap((run) => {
      const found = run.summary.latencies?.[name];
      if (!found) return [];
      const values = [found.mean, found.min, ...QUANTILES.map(([quantile]) => found[quantile]), found.max];
      return [[labelled(runs, run, words), count(found.count), ...values.map(seconds)]];
    }),
  );
  const heads = ["Latency", "count", "mean", "min", ...QUANTILES.map(([, short]) => short), "max"];
  return lines.length ? plainTable("Latencies of successful requests", heads, lines) : null;
}

export function outcomes(runs) {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run.summary.outcomes ?? {})))];
  const line = (name, value) => [name, ...runs.map((run) => value(run.summary))];
  const share = (summary, name) => {
    const many = summary.outcomes?.[name];
    return many === undefined ? UNKNOWN : `${count(many)} (${percent(many / summary.ended)})`;
  };
  names.sort((a, b) => Number(b === "success") - Number(a === "success") || a.localeCompare(b));
  return section(
    "Outcomes",
    plainTable(
      "Requests by how they ended",
      ["Outcome", ...runs.map(({ label }) => label)],
      [
        ...names.map((name) => line(name, (summary) => share(summary, name))),
        line("ended", (summary) => count(summary.ended)),
        line("cut by the load tester", (summary) => count(summary.cut)),
        line("not sent, since too many were under way", (summary) => count(summary.not_sent)),
      ],
      { hideCaption: true },
    ),
  );
}

export function goodput(runs) {
  if (!runs.some((run) => run.summary.goodput)) return null;
  const of = (run) => run.summary.goodput;
  const limits = (run) =>
    Object.entries(of(run)?.slo ?? {})
      .filter(([name]) => name !== "share")
      .map(([name, limit]) => `${name} ≤ ${limit}`)
      .join(", ");
  const wanted = (run) => of(run)?.slo?.share;
  const met = (run) => (known(wanted(run)) ? (of(run).share >= wanted(run) ? "met" : "missed") : UNKNOWN);
  const lines = runs.map((run) => [
    run.label,
    limits(run) || UNKNOWN,
    count(of(run)?.requests),
    perSecond(of(run)?.per_second),
    percent(of(run)?.share),
    percent(wanted(run)),
    of(run) ? met(run) : UNKNOWN,
  ]);
  return section(
    "Goodput",
    plainTable(
      "Requests that met the SLO",
      ["Run", "SLO of a request", "good", "goodput", "share", "wanted share", "verdict"],
      lines,
      { hideCaption: true },
    ),
  );
}

export function byModel(runs) {
  const lines = runs.flatMap((run) =>
    Object.entries(run.models ?? {}).map(([model, figures]) => [labelled(runs, run, model), ...figureCells(figures)]),
  );
  return lines.length
    ? section("Models", plainTable("By model", ["Model", ...FIGURE_HEADS], lines, { hideCaption: true }))
    : null;
}

export function stages(runs) {
  const lines = runs.flatMap((run) =>
    (run.stages ?? []).map((stage, index) => [
      labelled(runs, run, `${index + 1}: ${stageName(stage)}`),
      ...figureCells(stage.figures),
      stage.good === undefined ? UNKNOWN : stage.good ? "good" : "too much",
    ]),
  );
  if (lines.length === 0) return null;
  return section(
    "Stages",
    runs.map(found),
    plainTable("By stage", ["Stage", ...FIGURE_HEADS, "SLO"], lines, { hideCaption: true }),
  );
}

function found(run) {
  if (!run.search) return null;
  const { rate, too_much: tooMuch } = run.search;
  const best = known(rate)
    ? `The highest rate that met the SLO is ${perSecond(rate)}`
    : "Not even the lowest rate met the SLO";
  const bad = known(tooMuch) ? `; ${perSecond(tooMuch)} was too much.` : ".";
  return element("p", {}, labelled([run, run], run, best + bad));
}

const FIGURE_HEADS = ["requests", "success", "rate", "output", "TTFT p50", "TTFT p95", "ITL p50", "ITL p95"];
function figureCells(figures) {
  const { time_to_first_token: ttft, inter_token_latency: itl } = figures.latencies ?? {};
  return [
    count(figures.ended),
    percent(figures.success_rate),
    perSecond(figures.requests_per_second),
    tokensPerSecond(figures.output_tokens?.per_second),
    ...[ttft?.p50, ttft?.p95, itl?.p50, itl?.p95].map(seconds),
  ];
}

/** What to know before trusting a number. */
export function warnings(runs) {
  const lines = runs.flatMap((run) => (run.warnings ?? []).map((text) => element("li", {}, labelled(runs, run, text))));
  return lines.length
    ? element(
        "section",
        { class: "warning", "aria-label": "Warnings" },
        element("h2", {}, "Before you trust a number"),
        element("ul", {}, lines),
      )
    : null;
}
