// Taking answers elsewhere: files, and Label Studio.

import * as api from "./api.js";
import { element, link } from "./element.js";
import { count } from "./format.js";
import { failed } from "./page.js";

const FILES = [
  ["export.json", "Whole run (JSON)", false],
  ["label-studio.json", "Label Studio tasks", true],
  ["fine-tuning.jsonl", "Fine-tuning (JSONL)", true],
];

/** Downloads of each run and, where the server knows a Label Studio, a button to push there. */
export function exports(runs, labelStudio) {
  const gold = element("input", { type: "checkbox", onchange: () => show() });
  const lines = element("ul", { class: "exports" });
  const show = () => lines.replaceChildren(...runs.map((run) => line(run, gold.checked, runs.length > 1, labelStudio)));
  show();
  return element(
    "div",
    {},
    element("label", { class: "choice" }, gold, " only gold answers in Label Studio tasks and fine-tuning"),
    lines,
  );
}

function line(run, goldOnly, several, labelStudio) {
  const files = FILES.map(([file, words, picks]) =>
    element(
      "a",
      { href: api.download(run.id, file, goldOnly && picks), download: `${run.id}-${file}`, class: "button" },
      words,
    ),
  );
  return element(
    "li",
    {},
    several ? element("b", {}, run.name || run.id) : null,
    ...files,
    ...(labelStudio ? push(run, goldOnly) : []),
  );
}

function push(run, goldOnly) {
  const said = element("span", { role: "status" });
  const button = element("button", { type: "button", onclick: send }, "Push to Label Studio");
  async function send() {
    button.disabled = true;
    said.replaceChildren("Pushing…");
    try {
      const { pushed, already, url } = await api.pushToLabelStudio(run.id, goldOnly);
      const there = already ? `, ${count(already)} ${already === 1 ? "was" : "were"} there` : "";
      const text = `${count(pushed)} ${pushed === 1 ? "task" : "tasks"} pushed${there}`;
      said.replaceChildren(url ? link(url, text, { rel: "noreferrer" }) : text);
    } catch (error) {
      said.replaceChildren(failed("Label Studio", error));
    } finally {
      button.disabled = false;
    }
  }
  return [button, said];
}
