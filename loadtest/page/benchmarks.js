// The page of runs: the table, and below it one run or several compared, as the address says.

import * as api from "./api.js";
import { element } from "./element.js";
import { count } from "./format.js";
import { announce, elsewhere, failed } from "./page.js";
import { Poll } from "./poll.js";
import { RunView } from "./run_view.js";
import { isRunning, runsTable, searched } from "./runs_table.js";

const PAUSE = 5000;
const AT_ONCE = 200;
const NEWEST = 50;
const LETTERS = "ABCDEFGH";

const place = (id) => document.getElementById(id);
const runs = new Map();
let total = 0;

// --- The address.

const address = () => new URLSearchParams(location.search);

/** Which runs the address wants to see. */
function wanted() {
  const compared = [...new Set((address().get("compare") ?? "").split(",").filter(Boolean))].slice(0, LETTERS.length);
  const run = address().get("run");
  return compared.length ? compared : run ? [run] : [];
}

/** Writes something into the address; `null` takes it out. */
function write(changes, { push = false } = {}) {
  const now = address();
  for (const [name, value] of Object.entries(changes)) {
    if (value) now.set(name, value);
    else now.delete(name);
  }
  // A comma needs no escape, and reads better.
  const query = now.toString().replaceAll("%2C", ",");
  window.history[push ? "pushState" : "replaceState"](null, "", query ? `?${query}` : location.pathname);
}

function open(ids) {
  const several = ids.length > 1;
  write({ run: several ? null : ids[0], compare: several ? ids.join(",") : null }, { push: true });
  show({ move: true });
}

// --- Which runs are chosen.

const chosen = new Set(address().get("compare")?.split(",").filter(Boolean) ?? []);
const selection = {
  has: (id) => chosen.has(id),
  box: (run) =>
    element("input", {
      type: "checkbox",
      checked: chosen.has(run.id),
      "aria-label": `Compare ${run.name || run.id} ${run.id}`,
      onchange: ({ target }) => {
        if (target.checked) chosen.add(run.id);
        else chosen.delete(run.id);
        showChosen();
      },
    }),
};

function showChosen() {
  const button = place("compare");
  const many = chosen.size;
  button.disabled = many < 2 || many > LETTERS.length;
  button.textContent = many < 2 ? "Compare" : `Compare ${many} runs`;
  place("chosen").textContent =
    many < 2 ? "Choose two or more." : many > LETTERS.length ? `At most ${LETTERS.length} can be compared.` : "";
  place("clear").hidden = many === 0;
}

// --- The table.

const table = runsTable(selection, sortOf(address().get("sort")), (sort) =>
  write({ sort: (sort.down ? "-" : "") + sort.label }),
);

function sortOf(text) {
  if (!text) return { label: "When", down: true };
  return text.startsWith("-") ? { label: text.slice(1), down: true } : { label: text, down: false };
}

function showRuns() {
  const filter = place("filter").value.trim().toLowerCase();
  const all = [...runs.values()];
  const found = filter ? all.filter((run) => searched(run).includes(filter)) : all;
  table.update(found);
  const loaded = runs.size < total ? `the newest ${count(runs.size)} of ${count(total)}` : `${count(total)}`;
  place("many").textContent = filter ? `${count(found.length)} of ${loaded} runs` : `${loaded} runs`;
  place("more").hidden = runs.size >= total;
  place("runs").hidden = runs.size === 0;
  place("none").hidden = total > 0;
}

async function load(limit, offset) {
  const said = await api.runs(limit, offset);
  for (const run of said.runs) runs.set(run.id, run);
  total = Math.max(said.total, runs.size);
  place("problem").replaceChildren();
  showRuns();
}

const loadMore = () =>
  load(AT_ONCE, runs.size).catch((error) => place("problem").replaceChildren(failed("Runs", error, loadMore)));

// --- One run, or several.

let view = null;
let turn = 0;

async function show({ move = false } = {}) {
  const ids = wanted();
  const mine = ++turn;
  view = null;
  if (ids.length === 0) {
    place("shown").replaceChildren();
    document.title = "Benchmarks · Weir";
    return;
  }
  place("shown").replaceChildren(element("p", { class: "quiet" }, "Loading…"));
  const links = api.links();
  const { reports, problems } = await reportsOf(ids);
  if (mine !== turn) return;
  if (reports.length === 0) {
    place("shown").replaceChildren(...problems);
    return;
  }
  const made = new RunView(reports, await links, actions);
  if (mine !== turn) return;
  place("shown").replaceChildren(...problems, made.element);
  made.update(reports);
  view = { made, reports };
  const title = reports.length > 1 ? `${reports.length} runs compared` : reports[0].name || reports[0].id;
  document.title = `${title} · Weir`;
  announce(title);
  if (move) place("title").focus();
}

async function reportsOf(ids) {
  const answers = await Promise.allSettled(ids.map(api.report));
  const problems = [];
  const reports = [];
  answers.forEach(({ status, value, reason }, index) => {
    if (status === "fulfilled") reports.push(value);
    else problems.push(failed(`Run ${ids[index]}`, reason, () => show()));
  });
  return { reports: reports.map((report, index) => ({ ...report, label: labelOf(report, index, reports) })), problems };
}

const labelOf = (report, index, reports) => (reports.length > 1 ? LETTERS[index] : report.name || report.id);

const actions = {
  first: (id) => open([id, ...wanted().filter((other) => other !== id)]),
  remove: (id) => {
    chosen.delete(id);
    showRuns();
    showChosen();
    open(wanted().filter((other) => other !== id));
  },
};

/** A run that is under way is read again. */
async function renew() {
  if (!view?.reports.some(isRunning)) return;
  const mine = turn;
  const { reports, problems } = await reportsOf(view.reports.map(({ id }) => id));
  if (mine !== turn || problems.length) return;
  view.reports = reports;
  view.made.update(reports);
}

// --- What happens.

place("runs").append(table.box);
place("filter").value = address().get("filter") ?? "";
place("filter").addEventListener("input", ({ target }) => {
  write({ filter: target.value.trim() });
  showRuns();
});
place("more").addEventListener("click", loadMore);
place("compare").addEventListener("click", () => open([...chosen]));
place("clear").addEventListener("click", () => {
  chosen.clear();
  showRuns();
  showChosen();
  place("filter").focus();
});
document.addEventListener("click", (event) => {
  const to = event.target.closest?.("a[data-run]");
  if (!to || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  open([to.dataset.run]);
});
addEventListener("popstate", () => {
  place("filter").value = address().get("filter") ?? "";
  showRuns();
  show();
});

let first = true;
const poll = new Poll(PAUSE, async () => {
  try {
    await load(first ? AT_ONCE : NEWEST, 0);
    first = false;
    await renew();
  } catch (error) {
    place("problem").replaceChildren(failed("Runs", error));
  }
});
showChosen();
elsewhere();
show();
poll.start();
