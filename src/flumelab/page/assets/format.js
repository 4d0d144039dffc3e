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
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  if (value < 10) return `${value.toFixed(1)} s`;
  return value < 120 ? `${Math.round(value)} s` : `${Math.round(value / 60)} min`;
}

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

export const color = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
