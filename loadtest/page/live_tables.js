// The tables and the strip of figures of the live page.

import { element, reading } from "./element.js";
import {
  bytes,
  bytesOf,
  celsius,
  count,
  figure,
  gauge,
  known,
  percent,
  perSecond,
  seconds,
  tokensPerSecond,
  UNKNOWN,
  watts,
} from "./format.js";
import { Table } from "./table.js";

const column = (label, value, show, more = {}) => ({
  label,
  value,
  show: (row) => show(value(row)),
  numeric: true,
  ...more,
});

/** Whether an engine says that it is up: absent, `true` or 1. */
const isDown = (engine) => engine.up === false || engine.up === 0;

export const proxyTable = () =>
  new Table({
    caption: "Models, as the proxy measures them; rates, shares and percentiles are of the last minute",
    key: (row) => `${row.hop} ${row.model}`,
    columns: [
      { label: "Model", value: (row) => row.model, head: true },
      {
        label: "Hop",
        value: (row) => row.hop,
        title: "edge: in front of the gateway; engine: in front of the engines",
      },
      column("Active", (row) => row.active, figure),
      column("Requests", (row) => row.requests_per_second, perSecond),
      column("Errors", (row) => row.error_ratio, percent),
      column("TTFT p50", (row) => row.time_to_first_token_p50, seconds, { title: "time to first token" }),
      column("TTFT p95", (row) => row.time_to_first_token_p95, seconds, { title: "time to first token" }),
      column("ITL p50", (row) => row.inter_token_latency_p50, seconds, { title: "inter-token latency" }),
      column("ITL p95", (row) => row.inter_token_latency_p95, seconds, { title: "inter-token latency" }),
      column("Output", (row) => row.output_tokens_per_second, tokensPerSecond),
      column("Cache hits", (row) => row.prefix_cache_hit_ratio, gauge, { title: "input tokens that a prefix cache had" }),
    ],
  });

export const engineTable = () =>
  new Table({
    caption: "Engines, as they say themselves; rates and cache hits are of the last minute",
    key: (engine) => `${engine.model} ${engine.container}`,
    mark: (engine) => (isDown(engine) ? "bad" : ""),
    columns: [
      { label: "Model", value: (engine) => engine.model, head: true },
      { label: "Container", value: (engine) => engine.container },
      { label: "Version", value: (engine) => engine.version },
      { label: "State", value: (engine) => (engine.up === undefined ? null : isDown(engine) ? "down" : "up") },
      column("Running", (engine) => engine.running, count),
      column("Waiting", (engine) => engine.waiting, count),
      column("KV cache", (engine) => engine.kv_cache_ratio, gauge),
      column("Cache hits", (engine) => engine.prefix_cache_hit_ratio, gauge, { title: "prefix cache" }),
      column("Prompt", (engine) => engine.prompt_tokens_per_second, tokensPerSecond),
      column("Output", (engine) => engine.generation_tokens_per_second, tokensPerSecond),
    ],
  });

export const gpuTable = () =>
  new Table({
    caption: "GPUs",
    hideCaption: true,
    key: (card) => card.uuid || card.gpu,
    columns: [
      { label: "GPU", value: (card) => String(card.gpu), head: true },
      { label: "Name", value: (card) => card.name },
      column("Temperature", (card) => card.temperature_celsius, celsius),
      column("Utilisation", (card) => card.utilisation, gauge),
      {
        label: "Memory",
        numeric: true,
        value: (card) => card.memory_used_bytes,
        show: (card) => bytesOf(card.memory_used_bytes, card.memory_total_bytes),
      },
      column("Power", (card) => card.power_watts, watts),
    ],
  });

const sum = (rows, value) => {
  const told = rows.map(value).filter(known);
  return told.length ? told.reduce((a, b) => a + b) : undefined;
};
const most = (rows, value) => rows.filter((row) => known(value(row))).sort((a, b) => value(b) - value(a))[0];

/** Rows of the hop that clients see, where there are two: adding both would count each request twice. */
function outermost(models) {
  const edge = models.filter(({ hop }) => hop === "edge");
  return edge.length ? edge : models;
}

/** Errors of all models, each as heavy as its requests. */
function errors(rows) {
  const told = rows.filter((row) => known(row.error_ratio) && known(row.requests_per_second));
  const all = sum(told, (row) => row.requests_per_second);
  return all ? sum(told, (row) => row.error_ratio * row.requests_per_second) / all : undefined;
}

const STALE_WORD = "old";

/** The strip of figures on top. `sources`: gpu, vllm, proxy, each `{ data, stale }`. */
export function strip({ gpu, vllm, proxy }) {
  const cards = gpu.data?.gpus ?? [];
  const engines = vllm.data?.engines ?? [];
  const rows = outermost(proxy.data?.models ?? []);
  const slowest = most(rows, (row) => row.time_to_first_token_p95);
  const fullest = most(engines, (engine) => engine.kv_cache_ratio);
  const hottest = most(cards, (card) => card.temperature_celsius);
  const told = sum(engines, (engine) => engine.generation_tokens_per_second);
  const prompts = sum(engines, (engine) => engine.prompt_tokens_per_second);
  const waiting = sum(engines, (engine) => engine.waiting);
  const hop = rows[0]?.hop;
  const used = sum(cards, (card) => card.memory_used_bytes);
  const power = sum(cards, (card) => card.power_watts);
  const busy = sum(cards, (card) => card.utilisation) / cards.filter((card) => known(card.utilisation)).length;
  const readings = [
    [
      told === undefined ? proxy : vllm,
      "Output tokens",
      tokensPerSecond(told ?? sum(rows, (row) => row.output_tokens_per_second)),
      known(prompts) ? `prompts ${tokensPerSecond(prompts)}` : null,
    ],
    [proxy, "Active requests", figure(sum(rows, (row) => row.active)), known(waiting) ? `${count(waiting)} waiting in engines` : null],
    [proxy, "Requests", perSecond(sum(rows, (row) => row.requests_per_second)), hop ? `at the ${hop}, of a minute` : "of a minute"],
    [proxy, "Errors", percent(errors(rows)), null],
    [
      proxy,
      "Slowest first token",
      seconds(slowest?.time_to_first_token_p95),
      slowest ? `p95 of ${slowest.model}` : null,
    ],
    [vllm, "Fullest KV cache", gauge(fullest?.kv_cache_ratio), fullest?.model],
    [gpu, "Hottest GPU", celsius(hottest?.temperature_celsius), hottest ? `GPU ${hottest.gpu}` : null],
    [gpu, "GPU memory", bytes(used), known(used) ? `of ${bytes(sum(cards, (card) => card.memory_total_bytes))}` : null],
    [gpu, "GPU utilisation", gauge(busy), known(power) ? `mean; ${watts(power)}` : known(busy) ? "mean" : null],
  ];
  return readings.map(([source, word, value, note]) => {
    const made = reading(
      word,
      value,
      source.stale && value !== UNKNOWN ? [STALE_WORD, note].filter(Boolean).join(", ") : note,
    );
    made.classList.toggle("stale", source.stale);
    return made;
  });
}

/** What is to be said of a source that does not answer, or not all, or `null`. */
export function complaint(name, source) {
  if (!source.error)
    return source.gap ? element("p", { class: "warning" }, `${name}, some figures are missing: ${source.gap}.`) : null;
  const since = source.data ? `stale, since ${source.since}` : "no figures";
  return element(
    "p",
    { class: source.data ? "problem" : "warning" },
    element("strong", {}, `${name}: ${since}. `),
    `${source.error}.`,
  );
}
