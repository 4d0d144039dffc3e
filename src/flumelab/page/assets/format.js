// Numbers, times and elements. Text from the lab is always set as text, never as HTML.

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

export const number = (value) => (value == null ? "–" : whole.format(value));
export const short = (value) =>
  value == null ? "–" : Math.abs(value) < 100000 ? whole.format(value) : compact.format(value);
export const rate = (value) =>
  value == null ? "–" : `${value > 0 && value < 10 ? value.toFixed(1) : short(value)}/s`;

export function seconds(value) {
  if (value == null) return "";
  if (value > 0 && value < 0.001) return "under 1 ms";
  if (value > 0 && value < 1) return `${Math.round(value * 1000)} ms`;
  if (value < 10) return `${Number(value.toFixed(1))} s`;
  if (value < 120) return `${Math.round(value)} s`;
  return value < 7200 ? `${Math.round(value / 60)} min` : `${Number((value / 3600).toFixed(1))} h`;
}

// A time of an event, which may be of another day.
export const moment = (time) => new Date(time * 1000).toLocaleString("sv-SE");
export const clock = (time) => new Date(time * 1000).toLocaleTimeString("en-GB");

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value == null) continue;
    made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// Writes only what has changed: the reader's selection stays, and so does the focus.
export function say(where, text) {
  const node = typeof where === "string" ? document.getElementById(where) : where;
  if (node.textContent !== text) node.textContent = text;
}

// A canvas needs the colour itself, so the browser works out what the variable means in this theme.
const probe = document.createElement("span");
export function color(name) {
  if (!probe.isConnected) document.body.append(probe);
  probe.hidden = true;
  probe.style.setProperty("color", `var(--${name})`);
  return getComputedStyle(probe).color;
}

const KINDS = {
  batches: "micro-batches", store: "result store", log: "landing log", spool: "spool",
  input: "your log",
};
export const kindOf = (hop) => KINDS[hop.kind] ?? hop.kind;

const LABELS = { generator: "generated", spool: "spooled", store: "stored", log: "landed" };
export function labelOf(hop) {
  if (["source", "channel", "sink", "query"].includes(hop.kind)) return `${hop.kind} ${hop.name}`.trim();
  return LABELS[hop.kind] ?? kindOf(hop);
}
