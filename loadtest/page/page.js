// What all pages have: links to elsewhere, and the line that tells screen readers what has changed.

import { links } from "./api.js";
import { element, link } from "./element.js";

/** Says something to those who cannot see it change. Seldom: not every new figure. */
export function announce(text) {
  document.getElementById("announce").textContent = text;
}

/** Shows what went wrong in place of what was wanted, with a button to try again. */
export function failed(what, error, again = null) {
  announce(`${what}: ${error.message}`);
  return element(
    "p",
    { class: "problem" },
    element("strong", {}, "Problem "),
    `${what}: ${error.message}. `,
    again ? element("button", { type: "button", onclick: again }, "Try again") : null,
  );
}

/** Links of the header, where the server knows of any. */
export async function elsewhere() {
  const known = await links();
  const places = [
    ["Grafana", known.grafana],
    ["Logs", known.logs],
  ].filter(([, address]) => address);
  const list = document.getElementById("elsewhere");
  list.hidden = places.length === 0;
  list.replaceChildren(
    ...places.map(([name, address]) => element("li", {}, link(address, name, { rel: "noreferrer" }))),
  );
}

/** The address of the trace of a request, or `null`. */
export function traceAddress(template, traceId) {
  return template && traceId ? template.replaceAll("{trace_id}", encodeURIComponent(traceId)) : null;
}
