// Draws the flow: a box for each part, a card for each hop, an arrow with the lag between them.

import { element, kindOf, number, rate, say, seconds, short, svg } from "./format.js";

const SIGNS = { running: "●", starting: "◐", stuck: "▲", dead: "✕", down: "○" };
const TRENDS = { grows: "▲ grows", shrinks: "▼ shrinks", steady: "= steady", none: "" };
const SPARK = { width: 120, height: 22, points: 120 };

const CAPACITY_UNLIMITED = 2 ** 31 - 1; // a channel that has no limit of its own gives this number

let drawn = "";
const cards = new Map();
const arrows = new Map();
const boxes = new Map();

export function drawFlow(state, rates) {
  const root = document.getElementById("flow");
  const shape = JSON.stringify([state.flow, state.hops.map((hop) => [hop.id, hop.name, hop.part])]);
  if (shape !== drawn) {
    drawn = shape;
    build(root, state);
  }
  for (const hop of state.hops) updateHop(hop, rates[hop.id] ?? []);
  const longest = Math.max(6, ...[...cards.values()].map(({ lines }) => lines.textContent.length));
  root.style.setProperty("--characters", longest);
  for (const link of state.links) updateLink(link);
  updateBoxes(state);
}

function build(root, state) {
  cards.clear();
  arrows.clear();
  boxes.clear();
  const hops = new Map(state.hops.map((hop) => [hop.id, hop]));
  const { trunk, ways, end } = state.flow;
  const rows = [chain(trunk, hops, state.links, null)];
  if (ways.length) {
    const last = trunk[trunk.length - 1];
    const beside = element("div", { class: "ways" });
    for (const way of ways) beside.append(chain(way, hops, state.links, last));
    const longest = ways.findIndex((way) => way.length === Math.max(...ways.map((w) => w.length)));
    for (const name of ["--hops", "--outer", "--inner", "--boxes"]) {
      beside.style.setProperty(name, beside.children[longest].style.getPropertyValue(name));
    }
    rows.push(beside);
  }
  const before = ways.length ? ways.map((way) => way[way.length - 1]) : [trunk[trunk.length - 1]];
  rows.push(chain(end, hops, state.links, ...before));
  root.replaceChildren(...rows);
}

function chain(ids, hops, links, ...before) {
  const row = element("div", { class: "chain" });
  let box = null;
  let previous = before.filter(Boolean);
  for (const id of ids) {
    const hop = hops.get(id);
    const arriving = links.filter((link) => link.target === id && previous.includes(link.source));
    const inside = box && hop.part && box.dataset.part === hop.part;
    if (!inside) {
      box = element("div", { class: "box", "data-part": hop.part });
      if (hop.part) {
        const title = element("div", { class: "box-title" });
        box.append(title);
        boxes.set(box, title);
      }
      if (arriving.length) row.append(arrow(arriving));
      box.append(element("div", { class: "inside" }));
      row.append(box);
    } else if (arriving.length) {
      box.lastChild.append(arrow(arriving));
    }
    box.lastChild.append(card(hop));
    previous = [id];
  }
  count(row);
  return row;
}

// Tells the style sheet what a row and each of its boxes contain.
function count(row) {
  const inner = row.querySelectorAll(".inside .arrow").length;
  row.style.setProperty("--hops", row.querySelectorAll(".hop").length);
  row.style.setProperty("--inner", inner);
  row.style.setProperty("--outer", row.querySelectorAll(".arrow").length - inner);
  row.style.setProperty("--boxes", row.querySelectorAll(".box").length);
  for (const box of row.querySelectorAll(".box")) {
    box.style.setProperty("--hops", box.querySelectorAll(".hop").length);
    box.style.setProperty("--inner", box.querySelectorAll(".arrow").length);
  }
}

function card(hop) {
  const parts = {
    kind: element("span", { class: "kind" }, kindOf(hop)),
    name: element("span", { class: "name", title: `${hop.name} ${hop.detail}` }, hop.name.replace(/\.py$/, "")),
    detail: element("span", { class: "hop-detail" }, hop.detail),
    lines: element("span", { class: "lines" }),
    rate: element("span", { class: "rate" }),
    spark: svg("polyline", { class: "spark-line" }),
    state: element("span", { class: "state" }),
  };
  const picture = svg(
    "svg",
    { class: "spark", viewBox: `0 0 ${SPARK.width} ${SPARK.height}`, "aria-hidden": "true",
      preserveAspectRatio: "none" },
    parts.spark,
  );
  const body = [parts.kind, parts.name, parts.detail, parts.lines, parts.rate];
  if (hop.kind === "channel") {
    parts.fill = element("span", { class: "fill-bar" });
    parts.filled = element("span", { class: "fill-words" });
    body.push(element("span", { class: "fill" }, parts.fill), parts.filled);
  } else {
    body.push(picture);
  }
  body.push(parts.state);
  parts.root = element("div", { class: "hop", role: "group", "data-hop": hop.id }, ...body);
  cards.set(hop.id, parts);
  return parts.root;
}

function updateHop(hop, rates) {
  const parts = cards.get(hop.id);
  if (!parts) return;
  parts.root.dataset.state = hop.state;
  parts.root.dataset.moves = hop.rate > 0;
  say(parts.lines, hop.lines < 10_000_000 ? number(hop.lines) : short(hop.lines));
  const counted = hop.unit === "lines" ? "" : `${hop.unit} `; // a bare number means lines
  say(parts.rate, hop.lines == null ? "not known" : `${counted}${rate(hop.rate ?? 0)}`);
  const troubled = hop.state !== "running";
  say(parts.state, troubled ? `${SIGNS[hop.state]} ${hop.state}` : "");
  const said = `${kindOf(hop)} ${hop.name}: ${number(hop.lines)} ${hop.unit}, ${rate(hop.rate)}`;
  parts.root.setAttribute("aria-label", `${said}, ${hop.state} ${hop.reason}`.trim());
  if (parts.fill) updateFill(parts, hop.fill);
  else parts.spark.setAttribute("points", spark(rates));
}

function updateFill(parts, fill) {
  const limited = fill && fill.capacity > 0 && fill.capacity < CAPACITY_UNLIMITED;
  const percent = limited ? (100 * fill.events) / fill.capacity : 0;
  parts.fill.style.setProperty("--percent", `${percent}%`);
  parts.root.dataset.full = percent >= 90 ? "full" : percent >= 50 ? "half" : "room";
  const words = percent > 0 && percent < 1 ? "under 1" : Math.round(percent);
  const holds = limited ? `${words} % of ${short(fill.capacity)}` : `holds ${short(fill?.events)}`;
  say(parts.filled, fill ? holds : "");
}

function spark(rates) {
  const last = rates.slice(-SPARK.points).map((value) => value ?? 0);
  const most = Math.max(1, ...last);
  const step = SPARK.width / (SPARK.points - 1);
  const from = SPARK.points - last.length;
  return last
    .map((value, place) => {
      const y = SPARK.height - 1.5 - (SPARK.height - 4) * (value / most);
      return `${((from + place) * step).toFixed(1)},${y.toFixed(1)}`;
    })
    .join(" ");
}

function arrow(links) {
  const words = element("span", { class: "lag" });
  const waited = element("span", { class: "waited" });
  const trend = element("span", { class: "trend" });
  const note = element("span", { class: "note" }, links[0].note);
  const root = element("div", { class: "arrow", role: "group" }, note,
    element("span", { class: "line", "aria-hidden": "true" }), words, waited, trend);
  for (const link of links) {
    arrows.set(`${link.source}>${link.target}`, { root, words, waited, trend, note });
  }
  return root;
}

function updateLink(link) {
  const parts = arrows.get(`${link.source}>${link.target}`);
  if (!parts) return;
  const lag = link.lines;
  parts.root.dataset.trend = link.trend;
  parts.root.dataset.cut = link.cut;
  parts.root.dataset.waiting = lag > 0;
  say(parts.words, lag == null || lag === 0 ? "" : `${short(lag)} wait`);
  say(parts.waited, lag > 0 ? waitedFor(link.seconds) : "");
  say(parts.trend, link.cut ? "✂ cut" : TRENDS[link.trend]);
  say(parts.note, link.note);
  const waits = lag > 0 ? `${number(lag)} lines wait, ${waitedFor(link.seconds)}, ${link.trend}` : "";
  parts.root.setAttribute("aria-label", `${link.note} ${waits || "nothing waits"}`);
}

// A sample is a second: younger lines came since the last one.
const waitedFor = (time) => (time != null && time < 1 ? "under 1 s" : seconds(time));

function updateBoxes(state) {
  const parts = new Map(state.parts.map((part) => [part.name, part]));
  for (const [box, title] of boxes) {
    const name = box.dataset.part;
    const part = parts.get(name);
    const how = part?.state ?? "down";
    box.dataset.state = how;
    say(title, `${SIGNS[how]} ${name}${["running", "down"].includes(how) ? "" : ` · ${how}`}`);
  }
}
