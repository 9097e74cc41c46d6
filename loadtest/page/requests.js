// The slowest requests of a run. Requests come only when they are asked for: there may be 50,000.

import * as api from "./api.js";
import { element, link } from "./element.js";
import { count, known, seconds } from "./format.js";
import { failed, traceAddress } from "./page.js";
import { Table } from "./table.js";

const SHOWN = 25;
const BY = [
  ["duration", "duration"],
  ["time_to_first_token", "time to first token"],
  ["longest_gap", "longest gap"],
];

/** A part that fills itself when it is opened. */
export function slowest(run, traceTemplate) {
  const inside = element("div");
  const made = element(
    "details",
    { ontoggle: () => made.open && load() },
    element("summary", {}, `Slowest requests of ${run.label}`),
    inside,
  );
  let asked = false;
  async function load() {
    if (asked) return;
    asked = true;
    inside.replaceChildren(element("p", { class: "quiet" }, "Loading…"));
    try {
      inside.replaceChildren(...parts(await api.requests(run.id), traceTemplate, run.label));
    } catch (error) {
      asked = false;
      inside.replaceChildren(failed("Requests", error, load));
    }
  }
  return made;
}

function parts(requests, template, label) {
  if (requests.length === 0) return [element("p", { class: "quiet" }, "No request was kept one by one.")];
  const table = tableOf(template, label);
  const show = (by) => {
    const told = requests.filter((request) => known(request[by]));
    table.update(told.sort((a, b) => b[by] - a[by]).slice(0, SHOWN));
  };
  const select = element(
    "select",
    { onchange: () => show(select.value) },
    BY.map(([value, text]) => element("option", { value }, text)),
  );
  show(BY[0][0]);
  const many = `${count(Math.min(SHOWN, requests.length))} of ${count(requests.length)} kept requests, the slowest by `;
  return [element("label", { class: "choice" }, many, select), table.box];
}

const column = (label, value, show) => ({ label, value, show: (row) => show(value(row)), numeric: true });

function tableOf(template, label) {
  const trace = {
    label: "Trace",
    fixed: true,
    value: (request) => request.trace_id,
    node: (request) => {
      const address = traceAddress(template, request.trace_id);
      const id = request.trace_id ?? "–";
      return address ? link(address, id.slice(0, 8), { title: id, rel: "noreferrer" }) : document.createTextNode(id);
    },
  };
  return new Table({
    caption: `Slowest requests of ${label}`,
    hideCaption: true,
    key: (request) => request.number,
    columns: [
      { label: "Request", value: (request) => request.number, show: (request) => String(request.number), head: true },
      { label: "Model", value: (request) => request.model },
      { label: "Outcome", value: (request) => request.outcome },
      column("Sent at", (request) => request.at, seconds),
      column("Duration", (request) => request.duration, seconds),
      column("TTFT", (request) => request.time_to_first_token, seconds),
      column("Longest gap", (request) => request.longest_gap, seconds),
      column("Input tokens", (request) => request.input_tokens, count),
      column("Output tokens", (request) => request.output_tokens, count),
      trace,
    ],
  });
}
