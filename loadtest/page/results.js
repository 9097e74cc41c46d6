// The page of prompts and answers.

import * as api from "./api.js";
import { Answers, columnsOf, grid } from "./answers.js";
import { element } from "./element.js";
import { exports } from "./exports.js";
import { count } from "./format.js";
import { announce, elsewhere, failed } from "./page.js";
import { keepers, picker } from "./run_picker.js";
import { modelNames } from "./runs_table.js";

const ROWS = 20;
/** After the last key, in ms. */
const TYPING = 300;

const place = (id) => document.getElementById(id);
const form = place("filter");
let runs = [];
let answers = null;
let offered = new Set();
let from = 0;
let turn = 0;

// --- The address.

const address = () => new URLSearchParams(location.search);

/** Which runs the address names. One from a list of several is written `runs=a,b`. */
const wanted = () => [...new Set((address().get("runs") ?? address().get("run") ?? "").split(",").filter(Boolean))];

const filter = () => ({
  search: form.search.value.trim(),
  model: form.model.value,
  gold: form.gold.checked ? "true" : "",
});

function write() {
  const now = new URLSearchParams();
  if (runs.length) now.set("runs", runs.map(({ id }) => id).join(","));
  for (const [name, value] of Object.entries(filter())) if (value) now.set(name, value);
  if (from) now.set("from", String(from));
  window.history.replaceState(null, "", `?${now.toString().replaceAll("%2C", ",")}`);
}

// --- What is shown.

async function choose(chosen, first = 0) {
  runs = chosen;
  offered = new Set(runs.flatMap(modelNames));
  offerModels([]);
  const { label_studio: labelStudio } = await api.links();
  place("exports").replaceChildren(runs.length ? exports(runs, labelStudio) : "");
  await start(first);
}

/** Models to filter by: those that the runs name, and those whose answers have been seen. */
function offerModels(seen) {
  const chosen = form.model.value || address().get("model") || "";
  for (const name of [chosen, ...seen]) if (name) offered.add(name);
  const options = [...offered]
    .sort()
    .map((name) => element("option", { value: name, selected: name === chosen }, name));
  form.model.replaceChildren(element("option", { value: "" }, "all"), ...options);
}

function start(first = 0) {
  answers = new Answers(runs, filter());
  from = first;
  return show();
}

async function show({ move = false } = {}) {
  const mine = ++turn;
  write();
  place("answers").setAttribute("aria-busy", "true");
  try {
    const { rows, more } = await answers.rows(from, from + ROWS);
    if (mine !== turn) return;
    const columns = columnsOf(rows, runs);
    offerModels(columns.map(({ model }) => model));
    place("answers").replaceChildren(rows.length ? grid(rows, columns, runs.length > 1) : nothing());
    showPages(rows, more);
    if (move) {
      place("many").focus();
      place("many").scrollIntoView();
    }
  } catch (error) {
    if (mine === turn) place("answers").replaceChildren(failed("Answers", error, () => start()));
  } finally {
    if (mine === turn) place("answers").removeAttribute("aria-busy");
  }
}

function showPages(rows, more) {
  const many = `${count(answers.total)} ${answers.total === 1 ? "answer" : "answers"}`;
  const text = rows.length ? `Prompts ${count(from + 1)} to ${count(from + rows.length)}; ${many}` : many;
  place("many").textContent = text;
  announce(text);
  place("pages").hidden = from === 0 && !more;
  place("previous").disabled = from === 0;
  place("next").disabled = !more;
}

function nothing() {
  const { search, model, gold } = filter();
  if (search || model || gold) return element("p", {}, "No answer is such as wanted.");
  return element("p", {}, "Nothing was kept. ", ...how());
}

/** How a run keeps what it asks and gets. */
function how() {
  return [
    "Prompts and answers are kept only by a run that was asked to: ",
    element("code", {}, "weir-loadtest run --capture"),
    ", or ",
    element("code", {}, "capture = true"),
    " in its scenario.",
  ];
}

// --- What happens.

let typed = null;
form.addEventListener("submit", (event) => event.preventDefault());
form.search.addEventListener("input", () => {
  clearTimeout(typed);
  typed = setTimeout(() => start(), TYPING);
});
for (const input of [form.model, form.gold]) input.addEventListener("change", () => start());
const turnPage = (step) => () => {
  from = Math.max(0, from + step * ROWS);
  show({ move: true });
};
place("previous").addEventListener("click", turnPage(-1));
place("next").addEventListener("click", turnPage(1));

async function begin() {
  form.search.value = address().get("search") ?? "";
  form.gold.checked = address().get("gold") === "true";
  const first = Number.parseInt(address().get("from") ?? "0", 10) || 0;
  try {
    const listed = await keepers();
    const named = wanted();
    const missing = named.filter((id) => !listed.some((run) => run.id === id));
    const others = await Promise.all(missing.map(api.report));
    const all = [...others, ...listed];
    if (all.length === 0) {
      place("answers").replaceChildren(element("p", {}, "No run has kept what was asked and answered. ", ...how()));
      form.hidden = true;
      return;
    }
    const chosen = named.length ? named.map((id) => all.find((run) => run.id === id)) : all.slice(0, 1);
    const pick = (ids) => choose(ids.map((id) => all.find((run) => run.id === id)));
    place("runs").append(
      picker(
        all,
        chosen.map(({ id }) => id),
        pick,
      ),
    );
    place("summary").textContent = "Runs";
    await choose(chosen, first);
  } catch (error) {
    place("answers").replaceChildren(failed("Answers", error, begin));
  }
}

elsewhere();
begin();
