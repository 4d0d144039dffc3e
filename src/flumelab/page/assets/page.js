// Listens to the lab's state and gives each piece of the page its part of it.

import { drawCharts, forgetCharts } from "./charts.js";
import { drawControl } from "./control.js";
import { drawFlow } from "./flow.js";
import { clock, element, number, say, seconds } from "./format.js";
import { drawWindows } from "./windows.js";

const OLD_SECONDS = 3;
const KEPT_SECONDS = 600;
const KEY_CHARACTERS = 100; // the title has all of a longer key
const VERDICTS = {
  balanced: "✓", right: "✓", counting: "…", unbalanced: "✕", empty: "○", none: "○",
};
const LAB_SIGNS = { running: "●", starting: "◐", broken: "✕", down: "○" };
const MARK_SIGNS = {
  fed: "▼", dead: "✕", stuck: "▲", back: "↺", up: "●", down: "○", balanced: "✓", cut: "✂",
  mended: "∞",
};

const empty = () => ({ times: [], rates: {}, lags: {}, values: {}, batches: [] });
let history = empty();
let state = null;
let arrived = 0;
let source = null;
let loading = false;
let again = false; // asked for the history while it was loaded
let drawn = ""; // the flow of the last state

function connect() {
  source?.close();
  source = new EventSource("/api/v1/events");
  source.onopen = () => loadHistory();
  source.addEventListener("state", (event) => take(JSON.parse(event.data)));
  source.onerror = () => {
    // It reconnects by itself, unless the server refused it.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 1000);
  };
}

async function loadHistory() {
  if (loading) {
    again = true;
    return;
  }
  loading = true;
  try {
    const answer = await fetch("/api/v1/history");
    if (answer.ok) history = await answer.json();
    forgetCharts();
    if (state) draw();
  } catch {
    history = empty(); // the next connection asks again
  } finally {
    loading = false;
    if (again) {
      again = false;
      loadHistory();
    }
  }
}

function take(next) {
  const other = state && (next.lab.lesson !== state.lab.lesson || next.lab.program !== state.lab.program);
  const restarted = state && next.sample < state.sample;
  state = next;
  arrived = performance.now();
  const redrawn = drawn && drawn !== JSON.stringify(next.flow); // its hops have other ids now
  drawn = JSON.stringify(next.flow);
  if (other || restarted || redrawn) {
    history = empty();
    loadHistory();
  }
  append(next);
  draw();
}

function append(next) {
  const { times } = history;
  if (times.length && next.time <= times[times.length - 1]) return;
  times.push(next.time);
  const put = (columns, name, value) => {
    const column = (columns[name] ??= new Array(times.length - 1).fill(null));
    while (column.length < times.length - 1) column.push(null);
    column.push(value ?? null);
  };
  for (const hop of next.hops) {
    put(history.rates, hop.id, hop.rate);
    if (hop.kind === "channel") {
      const { fill } = hop;
      put(history.values, `fill:${hop.id}`, fill ? (100 * fill.events) / fill.capacity : null);
    }
  }
  for (const link of next.links) put(history.lags, `${link.source}>${link.target}`, link.lines);
  for (const query of next.queries) {
    put(history.values, `rows:${query.name}`, query.rows);
    put(history.values, `duration:${query.name}`, query.duration);
    put(history.values, `state:${query.name}`, query.state_rows);
    put(history.values, `event_lag:${query.name}`, query.event_lag);
  }
  dropOld(next.time - KEPT_SECONDS);
  keepBatches(next);
}

function dropOld(oldest) {
  while (history.times.length && history.times[0] < oldest) {
    history.times.shift();
    for (const columns of [history.rates, history.lags, history.values]) {
      for (const column of Object.values(columns)) column.shift();
    }
  }
}

function keepBatches(next) {
  if (!next.streams) return;
  const known = new Map(history.batches.map((batch) => [batch.time, batch]));
  for (const batch of next.streams.batches) known.set(batch.time, batch);
  const oldest = next.time - KEPT_SECONDS;
  history.batches = [...known.values()]
    .filter((batch) => batch.time >= oldest)
    .sort((one, other) => one.time - other.time);
}

function draw() {
  drawTop();
  drawVerdict();
  drawFlow(state, history.rates);
  drawCharts(state, history);
  drawWindows(state, history);
  drawLedger();
  drawCounts();
  drawMarks();
  drawControl(state);
  say("cost", `sample ${state.sample}, taken in ${seconds(state.took)}`);
}

function drawTop() {
  const { lab } = state;
  const name = lab.lesson || lab.program.split("/").pop();
  say("lesson", name);
  document.title = `${LAB_SIGNS[lab.state]} ${name} · flumelab`;
  const pill = document.getElementById("lab-state");
  pill.dataset.state = lab.state;
  say(pill, `${LAB_SIGNS[lab.state]} ${lab.state}`);
  say("lab-where", `${lab.program.split("/").pop()} · ${lab.runtime} runtime`);
  const problem = document.getElementById("problem");
  const bad = lab.state === "broken" || lab.state === "down";
  const warnings = state.signs.filter((sign) => sign.level === "warning").map((sign) => sign.says);
  // Where a part is in trouble, the reader must know that the reason may be in a log.
  const said = lab.state === "broken" ? `${ended(lab.says)} ${lab.unseen}`.trim()
    : bad ? lab.says : warnings.join(". ");
  problem.hidden = !said;
  problem.dataset.state = bad ? lab.state : "warning";
  say(problem, said);
  say("unseen", lab.unseen);
}

const ended = (sentence) => (/[.!?]$/.test(sentence) ? sentence : `${sentence}.`);

function drawVerdict() {
  const { ledger } = state;
  const root = document.getElementById("verdict");
  const verdict = ledger?.verdict ?? "none";
  root.dataset.verdict = verdict;
  say("verdict-sign", VERDICTS[verdict]);
  say("verdict-says", ledger?.says ?? "No truth is known for this flow: compare the hops.");
  const details = [];
  if (ledger?.hops.length) {
    const ends = new Set([ledger.hops[0], ledger.hops[ledger.hops.length - 1]]);
    details.push([...ends].map((hop) => `${number(hop.lines)} ${hop.name}`).join(", "));
  }
  if (ledger?.truth === false)
    details.push("the lab did not make this log, so it compares each hop with the one before");
  if (ledger?.malformed) details.push(`${number(ledger.malformed)} of them malformed`);
  if (ledger?.seconds != null) details.push(`balanced ${seconds(ledger.seconds)} after the first line`);
  say("verdict-detail", details.join(" · "));
}

function drawLedger() {
  const { ledger } = state;
  document.getElementById("ledger").hidden = !ledger;
  if (!ledger) return;
  const moving = isMoving();
  say("ledger-missing", moving ? "on the way" : "missing");
  rows("ledger-rows", ledger.hops, (hop) => [
    ["th", hop.name, { scope: "row" }],
    ["td", hop.source, { class: "source" }],
    ["td", number(hop.lines), { class: "number" }],
    ["td", number(hop.missing), { class: "number", "data-missing": !moving && hop.missing !== 0 }],
  ]);
}

// While lines are on their way, a difference is no fault.
const isMoving = () => state.ledger?.verdict === "counting";

function drawCounts() {
  const { counts } = state;
  document.getElementById("counts").hidden = !counts;
  if (!counts) return;
  say("counts-key", counts.title);
  const moving = isMoving();
  rows("counts-rows", counts.rows, (row) => {
    const more = (row.counted ?? 0) - row.generated;
    const same = !counts.compared || (moving && more < 0) ? "open" : more === 0;
    const sign = !counts.compared ? "" : more === 0 ? "=" : `${same === "open" ? "…" : "≠"} ${number(more)}`;
    return [
      ["th", row.key.length > KEY_CHARACTERS ? `${row.key.slice(0, KEY_CHARACTERS)}…` : row.key, { scope: "row", class: "key", title: row.key }],
      ["td", number(row.counted), { class: "number" }],
      ["td", number(row.generated), { class: "number" }],
      ["td", sign, { class: "same", "data-same": same }],
    ];
  });
  const more = counts.keys - counts.rows.length;
  const notes = [counts.keys ? `${number(counts.keys)} keys` : "nothing is counted yet"];
  if (more > 0) notes.push(`${number(more)} not shown`);
  if (counts.compared && counts.keys) {
    const differ = moving ? "with lines on their way" : "differ";
    notes.push(counts.differing ? `${number(counts.differing)} ${differ}` : "all equal");
  }
  say("counts-note", notes.join(" · "));
}

function rows(id, values, cells) {
  const body = document.getElementById(id);
  while (body.rows.length > values.length) body.deleteRow(-1);
  values.forEach((value, place) => {
    const row = body.rows[place] ?? body.insertRow();
    cells(value).forEach(([tag, text, attributes], column) => {
      let cell = row.cells[column];
      if (!cell) row.append((cell = element(tag)));
      for (const [name, given] of Object.entries(attributes)) cell.setAttribute(name, given);
      say(cell, text);
    });
  });
}

function drawMarks() {
  const list = document.getElementById("marks");
  const newest = [...state.marks].reverse().slice(0, 12);
  const key = JSON.stringify(newest);
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  const shown = newest.map((mark) =>
    element("li", { "data-kind": mark.kind },
      element("span", { class: "sign", "aria-hidden": "true" }, MARK_SIGNS[mark.kind] ?? "·"),
      element("time", {}, clock(mark.time)), element("span", {}, mark.text)));
  if (!shown.length) shown.push(element("li", {}, "Nothing since the page's server started."));
  list.replaceChildren(...shown);
}

function tellAge() {
  const age = document.getElementById("age");
  const old = (performance.now() - arrived) / 1000;
  const stale = !state || old > OLD_SECONDS;
  document.documentElement.dataset.stale = stale;
  age.dataset.stale = stale;
  if (!state) say(age, "no data yet; is the lab up?");
  else if (stale) say(age, `⚠ data is ${seconds(old)} old; trying again`);
  else say(age, "● live");
}

// --- large type and theme ---

const asked = new URLSearchParams(location.search);
const root = document.documentElement;

function setBig(big) {
  root.dataset.big = big;
  document.getElementById("big").setAttribute("aria-pressed", big);
  forgetCharts();
  if (state) draw();
}

function setTheme(theme) {
  root.dataset.theme = theme;
  say("theme", `Theme: ${theme}`);
  forgetCharts();
  if (state) draw();
}

const THEMES = ["system", "dark", "light"];
document.getElementById("big").onclick = () => setBig(root.dataset.big !== "true");
document.getElementById("theme").onclick = () => {
  setTheme(THEMES[(THEMES.indexOf(root.dataset.theme) + 1) % THEMES.length]);
};
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "b") document.getElementById("big").click();
  if (event.key === "t") document.getElementById("theme").click();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  forgetCharts();
  if (state) draw();
});

setBig(asked.has("big"));
setTheme(THEMES.includes(asked.get("theme")) ? asked.get("theme") : "system");
setInterval(tellAge, 250);
connect();
