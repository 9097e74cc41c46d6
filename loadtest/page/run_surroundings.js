// What was around a run: its GPUs, the proxy that measured the same requests, and where it ran.

import { environments } from "./compare.js";
import { element, facts, folded } from "./element.js";
import { bytesOf, celsius, figure, gauge, joules, known, percent, seconds, signed, UNKNOWN } from "./format.js";
import { labelled, section } from "./run_sections.js";
import { plainTable } from "./table.js";

export function gpus(runs) {
  const told = runs.filter((run) => run.gpus);
  if (told.length === 0) return null;
  const sums = told.map((run) =>
    facts([
      [runs.length > 1 ? run.label : "energy", joules(run.gpus.joules)],
      ["per output token", joules(run.gpus.joules_per_output_token)],
      ["source", run.gpus.source],
    ]),
  );
  const lines = told.flatMap((run) =>
    run.gpus.cards.map((card) => [
      labelled(runs, run, `GPU ${card.gpu}`),
      card.uuid,
      gauge(card.utilisation_mean),
      bytesOf(card.memory_used_bytes_max, card.memory_total_bytes),
      celsius(card.temperature_celsius_max),
      joules(card.joules),
    ]),
  );
  const heads = ["GPU", "UUID", "mean utilisation", "most memory", "hottest", "energy"];
  return section("GPUs and energy", sums, plainTable("By card", heads, lines, { hideCaption: true }));
}

/** What the proxy measured for the same requests. */
export function beside(runs) {
  const told = runs.filter((run) => run.proxy?.rows?.length);
  if (told.length === 0) return null;
  const show = (row, value) => (row.unit === "s" ? seconds(value) : `${figure(value)} ${row.unit}`.trim());
  const lines = told.flatMap((run) =>
    run.proxy.rows.map((row) => [
      labelled(runs, run, row.what),
      show(row, row.tester),
      show(row, row.proxy),
      signed((value) => show(row, value), row.difference),
      known(row.difference) && row.proxy ? signed(percent, row.difference / row.proxy) : UNKNOWN,
    ]),
  );
  const others = told
    .filter((run) => !run.proxy.same_requests)
    .map((run) =>
      element(
        "p",
        { class: "warning" },
        labelled(runs, run, "the proxy counted other requests too, so the two do not measure the same."),
      ),
    );
  return section(
    "Beside the proxy",
    others,
    plainTable(
      "The load tester and the proxy",
      ["Figure", "load tester", "proxy", "difference", "of the proxy's"],
      lines,
      { hideCaption: true },
    ),
    element("p", { class: "quiet" }, `Read from ${told.map((run) => run.proxy.source).join(", ")}.`),
  );
}

export function environment(runs) {
  const lines = environments(runs).map(([name, values, differ]) => [
    name,
    ...values.map((value) => value ?? UNKNOWN),
    ...(runs.length > 1 ? [differ ? element("b", {}, "differs") : ""] : []),
  ]);
  const heads = [
    "Fact",
    ...runs.map(({ label }) => label),
    ...(runs.length > 1 ? [element("span", { class: "unseen" }, "differs")] : []),
  ];
  return section(
    "Environment and scenario",
    plainTable("Where it ran, and what was sent", heads, lines, { hideCaption: true }),
    runs.map((run) =>
      folded(
        labelled(runs, run, "The whole scenario"),
        element("pre", { tabindex: 0 }, JSON.stringify(run.scenario, null, 2)),
      ),
    ),
  );
}
