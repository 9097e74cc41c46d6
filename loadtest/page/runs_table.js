// The table of runs, and what can be said of a run in a few words.

import { element, moment } from "./element.js";
import { count, ofSpan, percent, perSecond, seconds, tokensPerSecond, when } from "./format.js";
import { Table } from "./table.js";

/** The server says of a run that died that it has failed. */
export const isRunning = (run) => run.status === "running";

/** The status in words. */
export const status = (run) => (isRunning(run) ? `running, ${progress(run).text}` : run.status);

/** How much of a run is done: `part` (0 to 1, `null` where it has no end that is known), and in words. */
export function progress({ scenario = {}, summary = {}, started_at, written_at }) {
  const passed = (new Date(written_at) - new Date(started_at)) / 1000;
  const parts = [];
  const words = [];
  if (scenario.requests) {
    const done = (summary.ended ?? 0) + (summary.cut ?? 0);
    parts.push(done / scenario.requests);
    words.push(`${count(done)} of ${count(scenario.requests)} requests`);
  }
  const length = lengthOf(scenario);
  if (length) {
    parts.push(passed / length);
    words.push(`${seconds(passed)} of ${seconds(length)}`);
  }
  if (parts.length === 0) return { part: null, text: `${seconds(passed)} so far` };
  return { part: Math.min(1, Math.max(0, ...parts)), text: words.join(", ") };
}

function lengthOf({ duration, load, search }) {
  if (search) return null;
  const told = ofSpan(duration);
  const stages = (load?.stages ?? []).map((stage) => ofSpan(stage.for) ?? 0).reduce((a, b) => a + b, 0);
  return told ?? (stages || null);
}

/** The names of a run's models. */
export function modelNames(run) {
  const measured = Object.keys(run.models ?? {});
  const asked = (run.scenario?.models ?? []).map(({ name }) => name);
  const names = measured.length
    ? measured
    : asked.length
      ? asked
      : (run.environment?.engines ?? []).map(({ model }) => model);
  return names.filter(Boolean);
}

/** The same as one text. */
export const models = (run) => modelNames(run).join(", ");

/** What a filter looks in. */
export function searched(run) {
  const labels = Object.entries(run.environment?.labels ?? {}).map(([name, value]) => `${name}=${value}`);
  return [run.id, run.name, status(run), run.target, models(run), ...labels].join("\n").toLowerCase();
}

const latency = (run, name, quantile) => run.summary?.latencies?.[name]?.[quantile];
const column = (label, value, show, title) => ({ label, value, show: (row) => show(value(row)), numeric: true, title });

function columns(selection) {
  return [
    {
      label: "Compare",
      fixed: true,
      silent: true,
      value: () => "",
      show: (run) => `${run.id} ${selection.has(run.id)}`,
      node: (run) => selection.box(run),
    },
    {
      label: "Name",
      value: (run) => run.name || run.id,
      head: true,
      show: (run) => `${run.name} ${run.id}`,
      node: nameOf,
    },
    { label: "Status", value: status },
    { label: "When", value: (run) => run.started_at, show: (run) => when(run.started_at), node: whenOf, numeric: true },
    { label: "Target", value: (run) => run.target },
    { label: "Models", value: models },
    column("Requests", (run) => run.summary?.ended, count, "that came to an end of their own"),
    column("Success", (run) => run.summary?.success_rate, percent),
    column("Rate", (run) => run.summary?.requests_per_second, perSecond, "requests that ended, per second"),
    column("Output", (run) => run.summary?.output_tokens?.per_second, tokensPerSecond, "output tokens per second"),
    column("TTFT p50", (run) => latency(run, "time_to_first_token", "p50"), seconds, "time to first token"),
    column("TTFT p95", (run) => latency(run, "time_to_first_token", "p95"), seconds, "time to first token"),
    column("ITL p50", (run) => latency(run, "inter_token_latency", "p50"), seconds, "inter-token latency"),
    column("Goodput", (run) => run.summary?.goodput?.share, percent, "part of the requests that met the SLO"),
  ];
}

const nameOf = (run) =>
  element("a", { href: `benchmarks.html?run=${encodeURIComponent(run.id)}`, "data-run": run.id }, run.name || run.id);
const whenOf = (run) => moment(run.started_at, when(run.started_at));

/** The table. `selection`: which runs are chosen, `has(id)`, and `box(run)`, a checkbox. */
export function runsTable(selection, sort, onSort) {
  return new Table({
    caption: "Runs",
    hideCaption: true,
    key: (run) => run.id,
    columns: columns(selection),
    mark: (run) => (run.status === "failed" ? "bad" : ""),
    sort,
    onSort,
  });
}
