// Choosing whose answers are shown: of the newest runs, those that kept them.

import * as api from "./api.js";
import { element } from "./element.js";
import { when } from "./format.js";
import { models } from "./runs_table.js";

const NEWEST = 500;

/** Runs that kept prompts and answers, newest first. */
export async function keepers() {
  const { runs } = await api.runs(NEWEST);
  return runs.filter((run) => run.scenario?.capture);
}

/** Boxes to tick. `onchange` gets the ids, in the order of the list. */
export function picker(runs, chosen, onchange) {
  const boxes = runs.map((run) =>
    element("input", { type: "checkbox", value: run.id, checked: chosen.includes(run.id), onchange: changed }),
  );
  function changed() {
    onchange(boxes.filter((box) => box.checked).map((box) => box.value));
  }
  const lines = runs.map((run, index) =>
    element(
      "li",
      {},
      element(
        "label",
        {},
        boxes[index],
        element("span", {}, run.name || run.id),
        element("span", { class: "quiet" }, [when(run.started_at), models(run)].filter(Boolean).join(" · ")),
      ),
    ),
  );
  return element("fieldset", {}, element("legend", {}, "Answers of"), element("ul", { class: "picker" }, lines));
}
