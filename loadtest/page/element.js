// Making elements. Text becomes text nodes, never markup: what a server or a model says cannot become part of the page.

/** An element. Attributes: `on…` functions are listeners, `true` is a bare attribute, `null` and `false` are left out. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

/** A link, if the address is one that a link may have; else its text. Addresses come from the server's settings. */
export function link(address, text, attributes = {}) {
  let url = null;
  try {
    url = new URL(address, document.baseURI);
  } catch {
    // Not an address: only the text is shown.
  }
  if (!url || !["http:", "https:"].includes(url.protocol)) return element("span", {}, text);
  return element("a", { href: url.href, ...attributes }, text);
}

/** A list of facts: pairs of a word and a text or node. Facts that are `null` are left out. */
export function facts(pairs, attributes = {}) {
  const known = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return element(
    "dl",
    { class: "facts", ...attributes },
    known.map(([word, value]) => element("div", {}, element("dt", {}, word), element("dd", {}, value))),
  );
}

/** A figure of the strip on top of a page: a word, the figure, and what else to know. */
export function reading(word, value, note = null) {
  return element(
    "div",
    { class: "reading" },
    element("dt", {}, word),
    element("dd", { class: "value" }, ...withSmallUnit(value)),
    note ? element("dd", { class: "note" }, note) : null,
  );
}

/** `3.68k tok/s`: the figure is what is looked for, its unit stands back. */
function withSmallUnit(value) {
  const cut = value.indexOf(" ");
  return cut < 0 ? [value] : [value.slice(0, cut), element("span", { class: "unit" }, value.slice(cut))];
}

/** A text that is too long for its place is folded. */
export function folded(summary, ...children) {
  return element("details", {}, element("summary", {}, summary), ...children);
}

/** A moment, for people; hovering tells it exactly. */
export function moment(instant, text) {
  if (!instant) return element("span", {}, "–");
  return element("time", { datetime: instant, title: new Date(instant).toLocaleString() }, text);
}
