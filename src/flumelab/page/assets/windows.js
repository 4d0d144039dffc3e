// Draws batches on a time line and the windows over them, as course notes do.

import { clock, element, number, say, seconds, svg } from "./format.js";

const SIZE = { batch: 60, bracket: 34, top: 30, axis: 12 };
// In large type, what has text gets more room.
const room = () => Math.max(1, parseFloat(getComputedStyle(document.documentElement).fontSize) / 16);
const BLOCKS_MAX = 16; // with more batches in a window, they are drawn as thin bars
const WINDOWS_SHOWN = 3;

let key = "";

export function drawWindows(state, history) {
  const { streams } = state;
  const root = document.getElementById("windows");
  const done = history.batches.filter((batch) => batch.done);
  root.hidden = !streams?.windows.length || !done.length;
  if (root.hidden) return;
  const newest = done[done.length - 1].time;
  const next = `${newest} ${JSON.stringify(streams.windows)} ${done.length} ${innerWidth} ${room()}`;
  if (next === key) return;
  key = next;
  const drawn = streams.windows.map((window) => draw(streams, window, done));
  document.getElementById("windows-drawn").replaceChildren(...drawn.flat());
}

function draw(streams, window, batches) {
  const { interval } = streams;
  const inWindow = Math.round(window.length / interval);
  const blocks = inWindow <= BLOCKS_MAX;
  const slides = Math.round(window.slide / interval);
  const shown = blocks ? Math.max(inWindow + WINDOWS_SHOWN * slides + 1, 10) : Math.ceil(inWindow * 1.1);
  const first = batches[0].time;
  const newest = batches[batches.length - 1].time;
  // A window ends at a multiple of the slide after the first batch that Spark ran.
  const past = Math.floor((newest - first) / window.slide + 1e-6);
  const end = first + past * window.slide;
  const rows = new Map(batches.map((batch) => [batch.time.toFixed(3), batch.rows]));
  const start = newest - shown * interval;
  const wide = Math.max(300, document.getElementById("windows-drawn").clientWidth);
  const x = (time) => ((time - start) / (shown * interval)) * wide;
  const ends = blocks ? [0, 1, 2].map((back) => end - back * window.slide) : [end];
  const high = SIZE.top + SIZE.batch + ends.length * SIZE.bracket * room() + SIZE.axis;
  const picture = svg("svg", { viewBox: `-4 0 ${wide + 8} ${high}`, class: "time-line", role: "img" });
  const batchWords = [];
  const most = Math.max(1, ...rows.values());
  for (let place = 0; place < shown; place += 1) {
    const time = start + (place + 1) * interval;
    const count = rows.get(time.toFixed(3));
    picture.append(...batch({ time, count, interval, x, blocks, most, window, end }));
    if (blocks) batchWords.push(`${clock(time)}: ${count ?? "none"}`);
  }
  const sums = ends.map((at) => sum(rows, at, window.length, interval));
  ends.forEach((at, row) => picture.append(...bracket({ at, row, window, x, total: sums[row], start })));
  const words = `Window of ${seconds(window.length)}, every ${seconds(window.slide)}, over batches of ` +
    `${seconds(interval)}. It ends at ${clock(end)} and holds ${number(sums[0])} rows. ` +
    `Since the window before, ${slides === 1 ? "one batch has" : `${slides} batches have`} entered ▼ ` +
    `and ${leavers(rows, end, window, interval, slides)} left ▲.`;
  picture.setAttribute("aria-label", `${words} ${batchWords.join(", ")}`);
  const text = element("p", { class: "detail" });
  say(text, words);
  return [picture, text];
}

function batch({ time, count, interval, x, blocks, most, window, end }) {
  const left = x(time - interval);
  const width = x(time) - left;
  const inside = time <= end + 1e-6 && time > end - window.length + 1e-6;
  const enters = inside && time > end - window.slide + 1e-6;
  const leaves = count != null && time <= end - window.length + 1e-6 &&
    time > end - window.length - window.slide + 1e-6;
  const role = enters ? "enters" : leaves ? "leaves" : inside ? "inside" : "outside";
  if (!blocks) {
    const tall = count == null ? 0 : Math.max(1.5, (SIZE.batch * count) / most);
    const bar = svg("rect", { class: `batch ${role}`, x: left, y: SIZE.top + SIZE.batch - tall,
      width: Math.max(1, width - 0.4), height: tall });
    if (role !== "enters" && role !== "leaves") return [bar];
    const how = svg("text", { class: `batch-how ${role}-words`, x: left + width / 2, y: SIZE.top - 8 });
    how.textContent = role === "enters" ? "enters ▼" : "▲ leaves";
    return [bar, how];
  }
  const box = svg("rect", { class: `batch ${role}`, x: left + 2, y: SIZE.top, width: width - 4,
    height: SIZE.batch, rx: 4 });
  const middle = left + width / 2;
  const rows = svg("text", { class: "batch-rows", x: middle, y: SIZE.top + SIZE.batch / 2 + 8 });
  rows.textContent = count == null ? "" : number(count);
  const how = svg("text", { class: "batch-how", x: middle, y: SIZE.top - 8 });
  how.textContent = role === "enters" ? "▼ enters" : role === "leaves" ? "▲ leaves" : "";
  return [box, rows, how];
}

function bracket({ at, row, window, x, total, start }) {
  const top = SIZE.top + SIZE.batch + row * SIZE.bracket * room() + 8;
  const left = Math.max(0, x(Math.max(at - window.length, start)));
  const right = x(at);
  const line = svg("path", { class: `bracket ${row ? "old" : "new"}`,
    d: `M${left} ${top - 4} v8 H${right} v-8` });
  const words = svg("text", { class: "bracket-rows", x: (left + right) / 2, y: top + 5 + 15 * room() });
  words.textContent = `${clock(at - window.length)} to ${clock(at)}: ${number(total)}`;
  return [line, words];
}

// A lab that is younger than its window has no batch that could leave it.
function leavers(rows, end, window, interval, slides) {
  let left = 0;
  for (let back = 0; back < slides; back += 1) {
    left += rows.has((end - window.length - back * interval).toFixed(3));
  }
  if (left === slides) return slides === 1 ? "one has" : "as many have";
  return ["none has", "one has"][left] ?? `${left} have`;
}

function sum(rows, at, length, interval) {
  let total = 0;
  for (let time = at - length + interval; time <= at + 1e-6; time += interval) {
    total += rows.get(time.toFixed(3)) ?? 0;
  }
  return total;
}
