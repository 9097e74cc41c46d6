// The live page.

import * as api from "./api.js";
import { element, facts } from "./element.js";
import { count, percent, perSecond, seconds, timeOfDay, tokensPerSecond } from "./format.js";
import { History } from "./history.js";
import { LiveCharts } from "./live_charts.js";
import { complaint, engineTable, gpuTable, proxyTable, strip } from "./live_tables.js";
import { announce, elsewhere } from "./page.js";
import { Poll } from "./poll.js";
import { isRunning, progress } from "./runs_table.js";

const PAUSE = 3000;
/** Of the newest runs: one that runs is among them. */
const NEWEST_RUNS = 20;

const place = (id) => document.getElementById(id);
const sources = {
  proxy: { name: "Proxy", table: proxyTable(), rows: (data) => data.models ?? [] },
  vllm: { name: "Engines", table: engineTable(), rows: (data) => data.engines ?? [] },
  gpu: { name: "GPUs", table: gpuTable(), rows: (data) => data.gpus ?? [] },
};
const history = new History();
const modelCharts = new LiveCharts("model", "Models");
const gpuCharts = new LiveCharts("gpu", "GPUs");

async function look(name) {
  const source = sources[name];
  const before = source.error;
  try {
    const said = await api.metrics(name);
    // Some of its figures are better than none; what is missing is said.
    const useful = !said.error || source.rows(said).length > 0;
    source.error = useful ? null : said.error;
    source.gap = useful ? said.error : null;
    if (useful) Object.assign(source, { data: said, since: timeOfDay(new Date()) });
  } catch (error) {
    source.error = error.message;
  }
  source.stale = Boolean(source.error && source.data);
  if (before !== undefined && Boolean(before) !== Boolean(source.error)) {
    announce(source.error ? `${source.name}: stale` : `${source.name}: answers again`);
  }
}

function show() {
  place("strip").replaceChildren(...strip(sources));
  for (const [name, source] of Object.entries(sources)) {
    const box = place(name);
    box.classList.toggle("stale", source.stale);
    place(`${name}-problem`).replaceChildren(complaint(source.name, source) ?? "");
    const rows = source.data ? source.rows(source.data) : [];
    box.hidden = rows.length === 0;
    source.table.update(rows);
    place(`${name}-empty`).hidden = !source.data || rows.length > 0;
  }
}

function remember() {
  const told = ({ data, error }) => (error ? null : data);
  const { gpu, vllm, proxy } = sources;
  history.add({ at: Date.now(), gpu: told(gpu), vllm: told(vllm), proxy: told(proxy) });
  modelCharts.update(history);
  gpuCharts.update(history);
}

const running = new Map();

/** Runs that are under way come first on the page: who looks while one runs wants to know what makes the load. */
async function showRuns() {
  let now = [];
  try {
    now = (await api.runs(NEWEST_RUNS)).runs.filter(isRunning);
  } catch {
    // Live figures do not need a store of runs.
  }
  for (const [id, { article }] of running) {
    if (now.some((run) => run.id === id)) continue;
    announce("A benchmark has ended");
    article.remove();
    running.delete(id);
  }
  for (const run of now) showRun(run);
}

function showRun(run) {
  if (!running.has(run.id)) {
    announce(`Benchmark ${run.name} is running`);
    running.set(run.id, runningRun(run));
    place("running").append(running.get(run.id).article);
  }
  const { bar, figures } = running.get(run.id);
  const done = progress(run);
  if (done.part !== null) bar.value = done.part;
  figures.replaceChildren(runFacts(run, done));
}

function runningRun(run) {
  const name = run.name || run.id;
  const bar = element("progress", { max: 1, "aria-label": `Progress of ${name}` });
  const figures = element("div");
  const to = element("a", { href: `benchmarks.html?run=${encodeURIComponent(run.id)}` }, name);
  return {
    bar,
    figures,
    article: element("article", { class: "running" }, element("h2", {}, "Running: ", to), bar, figures),
  };
}

function runFacts({ summary, target }, done) {
  const ttft = summary.latencies?.time_to_first_token;
  return facts([
    ["done", done.text],
    ["target", target],
    ["requests", count(summary.ended)],
    ["rate", perSecond(summary.requests_per_second)],
    ["output", tokensPerSecond(summary.output_tokens?.per_second)],
    ["TTFT p50", seconds(ttft?.p50)],
    ["TTFT p95", seconds(ttft?.p95)],
    ["success", percent(summary.success_rate)],
  ]);
}

async function turn() {
  await Promise.all([...Object.keys(sources).map(look), showRuns()]);
  show();
  remember();
  place("refreshed").textContent = `refreshed ${timeOfDay(new Date())}`;
}

const poll = new Poll(PAUSE, turn);
place("pause").addEventListener("click", ({ currentTarget: button }) => {
  const pause = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(pause));
  if (pause) poll.rest();
  else poll.start();
});
for (const [name, source] of Object.entries(sources)) place(name).append(source.table.box);
place("model-charts").append(modelCharts.section);
place("gpu-charts").append(gpuCharts.section);
elsewhere();
poll.start();
