// The difference between runs: pure, without a page.

import { figure, joules, known, percent, perSecond, seconds, tokensPerSecond } from "./format.js";

/** Names of latencies as a report has them, with what they are called here. */
export const LATENCIES = [
  ["time_to_first_token", "Time to first token"],
  ["time_to_first_answer_token", "Time to first answer token"],
  ["inter_token_latency", "Inter-token latency"],
  ["time_per_output_token", "Time per output token"],
  ["time_to_first_byte", "Time to first byte"],
  ["duration", "Duration"],
  ["scheduled_to_first_token", "Scheduled → first token"],
  ["scheduled_to_end", "Scheduled → end"],
  ["schedule_lag", "Schedule lag"],
];

/** Quantiles as a report has them. */
export const QUANTILES = [
  ["p50", "p50"],
  ["p90", "p90"],
  ["p95", "p95"],
  ["p99", "p99"],
  ["p999", "p99.9"],
];
const COMPARED = QUANTILES.filter(([name]) => ["p50", "p95", "p99"].includes(name));

const MORE = "more";
const LESS = "less";
/** Differences below this part are called the same. */
const SAME = 0.01;

const rows = [
  { what: "Requests per second", better: MORE, show: perSecond, value: (run) => run.summary.requests_per_second },
  { what: "Successes per second", better: MORE, show: perSecond, value: (run) => run.summary.successes_per_second },
  {
    what: "Output tokens per second",
    better: MORE,
    show: tokensPerSecond,
    value: (run) => run.summary.output_tokens?.per_second,
  },
  {
    what: "Input tokens per second",
    better: MORE,
    show: tokensPerSecond,
    value: (run) => run.summary.input_tokens?.per_second,
  },
  { what: "Success rate", better: MORE, show: percent, share: true, value: (run) => run.summary.success_rate },
  { what: "Goodput", better: MORE, show: perSecond, value: (run) => run.summary.goodput?.per_second },
  {
    what: "Requests that met the SLO",
    better: MORE,
    show: percent,
    share: true,
    value: (run) => run.summary.goodput?.share,
  },
  ...LATENCIES.flatMap(([name, words]) =>
    COMPARED.map(([quantile, short]) => ({
      what: `${words} ${short}`,
      better: LESS,
      show: seconds,
      value: (run) => run.summary.latencies?.[name]?.[quantile],
    })),
  ),
  { what: "Energy per output token", better: LESS, show: joules, value: (run) => run.gpus?.joules_per_output_token },
  { what: "Energy", better: null, show: joules, value: (run) => run.gpus?.joules },
  { what: "Cores of the load tester", better: null, show: figure, value: (run) => run.tester?.cores_used },
];

/** Rows of figures that at least one run has: `{ what, show, share, values, against }`, `against` the first run. */
export function differences(runs) {
  return rows
    .map((row) => ({ ...row, values: runs.map(row.value) }))
    .filter(({ values }) => values.some(known))
    .map((row) => ({ ...row, against: row.values.map((value) => against(row.values[0], value, row)) }));
}

/** How a figure lies to that of the first run: `{ change, part, verdict }`, or `null` where one is not known. */
export function against(first, value, { better, share = false }) {
  if (!known(first) || !known(value)) return null;
  const change = value - first;
  const part = first === 0 ? null : change / first;
  return { change, part, verdict: verdict(change, share ? change : part, better) };
}

function verdict(change, size, better) {
  if (change === 0 || (size !== null && Math.abs(size) < SAME)) return "same";
  if (better === null) return change > 0 ? MORE : LESS;
  return change > 0 === (better === MORE) ? "better" : "worse";
}

/** All facts of the environments: `[name, values, whether they differ]`. */
export function environments(runs) {
  const all = runs.map(factsOf);
  const names = [...new Set(all.flatMap((facts) => [...facts.keys()]))];
  return names.map((name) => {
    const values = all.map((facts) => facts.get(name));
    return [name, values, values.some((value) => value !== values[0])];
  });
}

function factsOf({ environment = {}, target, scenario = {} }) {
  const facts = new Map();
  const add = (name, value) => {
    if (value === null || value === undefined || value === "") return;
    facts.set(name, typeof value === "object" ? JSON.stringify(value) : String(value));
  };
  add("target", target);
  add("host", environment.host);
  add("cores", environment.cores);
  add("commit", environment.commit);
  add("weir-loadtest", environment.weir_version);
  for (const [name, value] of Object.entries(environment.labels ?? {})) add(`label ${name}`, value);
  for (const [name, value] of Object.entries(environment.gpus ?? {})) add(`GPU ${name}`, `${value} of them`);
  for (const engine of environment.engines ?? []) {
    const of = engine.model ?? "engine";
    add(`${of}: engine`, [engine.name, engine.version].filter(Boolean).join(" "));
    add(`${of}: max_model_len`, engine.max_model_len);
    for (const [flag, value] of Object.entries(engine.flags ?? {})) add(`${of}: ${flag}`, value);
  }
  for (const name of [
    "endpoint",
    "stream",
    "seed",
    "requests",
    "duration",
    "warm_up",
    "load",
    "prompt",
    "output",
    "conversation",
    "body",
  ]) {
    const value = scenario[name];
    if (value !== null && !(typeof value === "object" && Object.keys(value).length === 0))
      add(`scenario: ${name}`, value);
  }
  return facts;
}
