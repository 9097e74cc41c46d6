// Charts, all drawn by Plotly from declarative figures. Each stands beside the same figures as a table.

import { element } from "./element.js";
import { count } from "./format.js";
import { plainTable } from "./table.js";

const COLOURS = 8;
const DASHES = ["solid", "dash", "dot"];
const MARKERS = ["circle", "square", "diamond", "triangle-up", "x", "star", "pentagon", "hexagon"];
const MOST_ROWS = 200;
const LONGEST_NAME = 40;

const shown = new Set();
const dark = matchMedia("(prefers-color-scheme: dark)");
dark.addEventListener("change", () => shown.forEach((chart) => chart.redraw()));

let loading = null;
/** Plotly is big: it comes when the first chart does. */
function plotly() {
  loading ??= new Promise((resolve, reject) => {
    const src = new URL("plotly.js", import.meta.url).href;
    const onload = () => resolve(globalThis.Plotly);
    const onerror = () => reject(new Error("plotly.js did not load, so there are only tables"));
    document.head.append(element("script", { src, onload, onerror }));
  });
  return loading;
}

/** The mark of a series beside its name; charts use the same colours and dashes. */
export function swatch(index) {
  return element("span", {
    class: `swatch ${DASHES[index % DASHES.length]} c${index % COLOURS}`,
    "aria-hidden": "true",
  });
}

/** Names of series with their marks, for several charts at once. */
export function key(label, names) {
  const items = names.map((name, index) => element("li", { title: name }, swatch(index), shortened(name)));
  return element("ul", { class: "key", "aria-label": label }, items);
}

/**
 * A chart. `draw` takes
 *   traces   Plotly's, each with `series`: which colour, dash and marker it has
 *   layout   Plotly's, on top of the page's own
 *   summary  one sentence for those who cannot see it
 *   head     what the table's first column is
 *   x, y     how the table writes them
 */
export class Chart {
  #plot = element("div", { class: "plot", role: "img" });
  #table = element("details", {}, element("summary", {}, "As a table"));
  #wanted = null;
  #title;

  constructor(title, note = "") {
    this.#title = title;
    const caption = element("figcaption", {}, element("span", { class: "title" }, title), note ? ` ${note}` : null);
    this.#plot.setAttribute("aria-label", title);
    this.#table.addEventListener("toggle", () => this.#fillTable());
    this.figure = element("figure", {}, caption, this.#plot, this.#table);
    shown.add(this);
  }

  draw(wanted) {
    this.#wanted = wanted;
    this.#plot.setAttribute(
      "aria-label",
      `Chart: ${this.#title}. ${wanted.summary} The figures are in the table below it.`,
    );
    this.#fillTable();
    return this.redraw();
  }

  async redraw() {
    const drawn = this.#wanted;
    if (!drawn) return;
    try {
      const library = await plotly();
      if (drawn !== this.#wanted) return;
      if (!this.figure.isConnected) {
        shown.delete(this);
        library.purge(this.#plot);
        return;
      }
      const theme = readTheme();
      const traces = drawn.traces.map((trace) => dressed(trace, theme));
      await library.react(this.#plot, traces, layoutOf(drawn, theme), CONFIG);
    } catch (error) {
      this.#plot.replaceChildren(element("p", { class: "quiet" }, `No chart: ${error.message}.`));
      this.#table.open = true;
    }
  }

  #fillTable() {
    if (!this.#table.open || !this.#wanted) return;
    const [summary] = this.#table.children;
    this.#table.replaceChildren(summary, tableOf(this.#title, this.#wanted));
  }
}

// No bar of buttons: it would be a thing of the mouse alone. Dragging zooms, a double click undoes it.
const CONFIG = { displayModeBar: false, responsive: true, showTips: false };

function readTheme() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(name).trim();
  return {
    text: read("--text"),
    quiet: read("--quiet"),
    line: read("--line"),
    ground: read("--ground"),
    font: style.fontFamily,
    series: Array.from({ length: COLOURS }, (_, index) => read(`--series-${index}`)),
  };
}

function dressed({ series = 0, dash = DASHES[series % DASHES.length], name, ...trace }, theme) {
  const colour = theme.series[series % COLOURS];
  return {
    type: "scatter",
    mode: "lines",
    name: plain(shortened(name ?? "")),
    ...trace,
    line: { color: colour, width: 1.75, dash, ...trace.line },
    marker: { color: colour, size: 8, symbol: MARKERS[series % MARKERS.length], ...trace.marker },
    ...(trace.fill ? { fillcolor: `${colour}24` } : {}),
  };
}

function layoutOf({ traces, layout = {} }, theme) {
  const axis = (own = {}) => ({
    gridcolor: theme.line,
    linecolor: theme.line,
    zeroline: false,
    automargin: true,
    tickfont: { color: theme.quiet },
    ...own,
    title: own.title ? { text: own.title, font: { color: theme.quiet, size: 12 }, standoff: 6 } : undefined,
  });
  const { xaxis, yaxis, ...rest } = layout;
  return {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: theme.font, size: 12, color: theme.text },
    margin: { l: 8, r: 12, t: 8, b: 8 },
    hovermode: "x unified",
    hoverlabel: { namelength: -1, bgcolor: theme.ground, bordercolor: theme.line, font: { color: theme.text } },
    legend: { orientation: "h", x: 0, y: 1, yanchor: "bottom", font: { color: theme.text } },
    showlegend: traces.length > 1,
    // On a phone a finger that moves over a chart scrolls the page.
    dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
    ...rest,
    xaxis: axis(xaxis),
    yaxis: axis({ rangemode: "tozero", ...yaxis }),
  };
}

/** Plotly reads a few tags in texts; a name is never one. */
export function plain(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** A name that is too long loses its middle; tables have all of it. */
function shortened(text) {
  if (text.length <= LONGEST_NAME) return text;
  const half = LONGEST_NAME / 2;
  return `${text.slice(0, half)}…${text.slice(-half)}`;
}

/** The same figures: a row per x, a column per series. */
function tableOf(title, { traces, head = "x", x: showX = String, y: showY = String }) {
  const places = new Map();
  traces.forEach((trace, column) =>
    trace.x.forEach((x, index) => {
      const place = x instanceof Date ? x.getTime() : x;
      if (!places.has(place)) places.set(place, { x, values: [] });
      places.get(place).values[column] = trace.y[index];
    }),
  );
  const all = [...places.values()].sort((a, b) => a.x - b.x);
  const step = Math.ceil(all.length / MOST_ROWS);
  const rows = all
    .filter((_, index) => index % step === 0)
    .map(({ x, values }) => [showX(x), ...traces.map((_, column) => showY(values[column]))]);
  const thinned = step > 1 ? `, every ${step}th of ${count(all.length)} rows` : "";
  return plainTable(title + thinned, [head, ...traces.map((trace) => trace.name || title)], rows);
}
