// The charts of the last ten minutes, with a mark on the time axis for each thing that happened.

import { color, element, labelOf as label, moment, rate, say, seconds, short } from "./format.js";

const HEIGHT = 170;
const BIG_HEIGHT = 260;
const SECONDS_SHOWN = 600;
const TIMES = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120,
  300, 600, 1200, 1800, 3600, 7200, 18000, 36000, 86400, 864000];
const WHOLE = [1, 2, 5].flatMap((step) => [step, step * 10, step * 100, step * 1000, step * 1e4,
  step * 1e5, step * 1e6, step * 1e7, step * 1e8]).sort((one, other) => one - other);
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 5], [12, 4, 4, 4], [1, 4], [6, 2]];
const LEAST_SECONDS = 60; // a lab that was just started fills its charts, too
const MARK_SIGNS = {
  fed: "▼", dead: "✕", stuck: "▲", back: "↺", balanced: "✓", cut: "✂", mended: "∞",
};
// Hops whose lines in the chart would only hide others at first; each card has its own.
const HIDDEN = new Set();
const HIDDEN_KINDS = new Set(["spool", "source", "channel", "receiver", "log", "topic", "bucket"]);
const seen = new Set();

const plots = new Map();
let marks = [];

export function forgetCharts() {
  for (const { plot } of plots.values()) plot.destroy();
  plots.clear();
  document.getElementById("charts").replaceChildren();
}

export function drawCharts(state, history) {
  marks = state.marks;
  const wanted = specifications(state, history);
  const ids = wanted.map((each) => each.id + each.series.map((one) => one.label)).join();
  const root = document.getElementById("charts");
  if (root.dataset.ids !== ids || plots.size !== wanted.length) {
    forgetCharts();
    root.dataset.ids = ids;
  }
  for (const each of wanted) {
    if (!plots.has(each.id)) plots.set(each.id, build(root, each));
    update(plots.get(each.id), each, state.time, history.times[0]);
  }
}

function specifications(state, history) {
  const found = [rates(state, history), lags(state, history)];
  if (state.streams) found.push(durations(state, history), rows(history));
  if (state.queries.length) found.push(...queryCharts(state, history));
  return found.filter(Boolean);
}

const names = (state) => new Map(state.hops.map((hop) => [hop.id, hop]));

function rates(state, history) {
  const series = state.hops
    .filter((hop) => (history.rates[hop.id] ?? []).some((value) => value != null))
    .map((hop) => ({ label: label(hop), values: history.rates[hop.id], kind: hop.kind }));
  for (const one of series) {
    if (HIDDEN_KINDS.has(one.kind) && !seen.has(one.label)) HIDDEN.add(one.label);
    seen.add(one.label);
  }
  return { id: "rates", title: "Lines a second, by hop", times: history.times, series, show: rate, least: 10 };
}

function lags(state, history) {
  const hops = names(state);
  const series = state.links
    .map((link) => ({ link, values: history.lags[`${link.source}>${link.target}`] ?? [] }))
    .filter(({ values }) => values.some((value) => value > 0))
    .map(({ link, values }) => ({ label: waitingAt(link, state.links, hops), values }));
  if (!series.length) series.push({ label: "nothing waits", values: history.times.map(() => 0) });
  return { id: "lags", title: "Lines on their way, by hop", times: history.times, series, show: short, least: 10 };
}

function durations(state, history) {
  const { batches } = history;
  const { interval } = state.streams;
  return {
    id: "durations",
    title: "Micro-batches: how long they take",
    note: `A batch that takes longer than the batch interval, ${seconds(interval)}, makes the next one wait.`,
    times: batches.map((batch) => batch.time),
    series: [
      { label: "processing", values: batches.map((batch) => batch.processing) },
      { label: "waiting to start", values: batches.map((batch) => batch.scheduling) },
      { label: "batch interval", values: batches.map(() => interval), limit: true },
    ],
    show: seconds,
  };
}

function rows(history) {
  return {
    id: "batch-rows",
    title: "Micro-batches: rows",
    times: history.batches.map((batch) => batch.time),
    series: [{ label: "rows", values: history.batches.map((batch) => batch.rows), bars: true }],
    show: short,
    least: 10,
  };
}

function queryCharts(state, history) {
  const chart = (id, title, show, least, note) => ({
    id,
    title,
    show,
    least,
    note,
    times: history.times,
    series: state.queries
      .map((query) => ({ label: query.name, values: history.values[`${id}:${query.name}`] ?? [] }))
      .filter(({ values }) => values.some((value) => value != null)),
  });
  return [
    chart("rows", "Queries: rows a trigger", short, 10),
    chart("duration", "Queries: how long a trigger takes", seconds, 1),
    chart("state", "Queries: rows of state", short, 10, dropped(state.queries)),
    chart("event_lag", "Queries: event time, from the watermark to the latest", seconds, 1,
      watermarks(state.queries)),
  ].filter((each) => each.series.length);
}

const dropped = (queries) => queries.filter((query) => query.dropped)
  .map((query) => `${query.name} dropped ${short(query.dropped)} rows that came after the watermark.`)
  .join(" ");
const watermarks = (queries) => queries.filter((query) => query.watermark != null)
  .map((query) => `${query.name}: watermark ${moment(query.watermark)}` +
    (query.event_time == null ? "." : `, latest event ${moment(query.event_time)}.`))
  .join(" ");

const PLACES = {
  spool: "in the spool directory", receiver: "in the receiver", log: "in the landing log",
  topic: "in the topic", bucket: "in the bucket",
};
function waitingAt(link, links, hops) {
  const hop = hops.get(link.source);
  const place = hop.kind === "channel" ? `in channel ${hop.name}` : PLACES[hop.kind] ?? `after ${label(hop)}`;
  const ways = links.filter((other) => other.source === link.source).length;
  return ways > 1 ? `${place}, for ${label(hops.get(link.target))}` : place;
}

function build(root, each) {
  const title = element("h2", { id: `chart-${each.id}` }, each.title);
  const legend = element("div", { class: "legend", role: "group", "aria-label": "lines shown" });
  const drawn = element("div", { class: "plot", role: "img", "aria-labelledby": `chart-${each.id}` });
  const words = element("p", { class: "detail" });
  root.append(element("section", { class: "panel", "aria-labelledby": `chart-${each.id}` },
    title, legend, drawn, words));
  const plot = new uPlot(options(each, drawn.clientWidth), data(each), drawn);
  const made = { plot, drawn, words, title: each.title };
  each.series.forEach((one, place) => legend.append(legendButton(made, one, place)));
  new ResizeObserver(() => {
    if (drawn.clientWidth && made.plot.width !== drawn.clientWidth) {
      made.plot.setSize({ width: drawn.clientWidth, height: height() });
    }
  }).observe(drawn);
  return made;
}

function legendButton(made, one, place) {
  const button = element("button", { type: "button", "aria-pressed": String(!HIDDEN.has(one.label)) });
  const line = element("span", { class: "line-sample", "aria-hidden": "true" });
  line.style.setProperty("--line", one.limit ? color("limit") : color(`line-${place % 8}`));
  line.style.setProperty("--dash", one.limit ? "dotted" : dashOf(place).length ? "dashed" : "solid");
  button.append(line, one.label);
  button.onclick = () => {
    const show = HIDDEN.has(one.label);
    show ? HIDDEN.delete(one.label) : HIDDEN.add(one.label);
    button.setAttribute("aria-pressed", show);
    made.plot.setSeries(place + 1, { show });
  };
  return button;
}

// The ninth line has the first one's colour, and another dash.
const dashOf = (place) => DASHES[(place + Math.floor(place / 8)) % DASHES.length];
const height = () => (document.documentElement.dataset.big === "true" ? BIG_HEIGHT : HEIGHT);
const data = (each) => [each.times, ...each.series.map((one) => one.values)];

function options(each, width) {
  const grid = { stroke: color("grid"), width: 1 };
  const big = document.documentElement.dataset.big === "true";
  const font = `${big ? 20 : 12}px system-ui, sans-serif`;
  const axis = { stroke: color("soft"), grid, ticks: grid, font };
  return {
    width: Math.max(width, 200),
    height: height(),
    legend: { show: false },
    cursor: { show: false },
    padding: [14, big ? 48 : 24, 0, 0],
    scales: { x: { time: true }, y: { range: (_plot, _low, high) => [0, Math.max((high ?? 0) * 1.15, each.least ?? 1)] } },
    axes: [
      { ...axis, values: (_plot, splits) => splits.map(minutes), space: big ? 130 : 70, size: big ? 44 : 32 },
      { ...axis, values: (_plot, splits) => splits.map(each.show), size: big ? 104 : 66,
        incrs: each.show === seconds ? TIMES : WHOLE },
    ],
    series: [{}, ...each.series.map((one, place) => line(one, place))],
    hooks: { draw: [drawMarks] },
  };
}

function minutes(time) {
  const at = new Date(time * 1000);
  return at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit",
    ...(at.getSeconds() ? { second: "2-digit" } : {}) });
}

function line(one, place) {
  const stroke = one.limit ? color("limit") : color(`line-${place % 8}`);
  const made = {
    stroke, width: 2, dash: one.limit ? [2, 4] : dashOf(place),
    spanGaps: false, points: { show: false }, show: !HIDDEN.has(one.label),
  };
  if (one.bars) {
    Object.assign(made, { paths: uPlot.paths.bars({ size: [0.8, 12] }), fill: stroke, width: 0 });
  } else {
    made.paths = uPlot.paths.linear();
  }
  return made;
}

function update(made, each, now, first) {
  made.plot.setData(data(each), false);
  const from = Math.max(now - SECONDS_SHOWN, Math.min(first ?? 0, now - LEAST_SECONDS));
  made.plot.setScale("x", { min: from, max: now });
  const last = each.series.map((one) => {
    const known = one.values[one.values.length - 1];
    return `${one.label} ${each.show(known ?? null)}`;
  });
  made.drawn.setAttribute("aria-label", `${each.title}; now: ${last.join(", ")}`);
  say(made.words, each.note ?? "");
}

function drawMarks(plot) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = color("mark");
  ctx.fillStyle = color("text");
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.font = `bold ${12 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textAlign = "center";
  for (const mark of marks) {
    const sign = MARK_SIGNS[mark.kind];
    const x = plot.valToPos(mark.time, "x", true);
    if (!sign || x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(sign, x, bbox.top - 2 * devicePixelRatio);
  }
  ctx.restore();
}
