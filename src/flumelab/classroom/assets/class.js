// Draws the class anew every two seconds. Text is set as text, never as HTML.
const EVERY_MS = 2000;
const GIB = 2 ** 30;
const at = (id) => document.getElementById(id);

function cell(kind, text, options = {}) {
  return Object.assign(document.createElement(kind), { textContent: text, ...options });
}

function ago(changed, now) {
  if (!changed) return "–";
  const minutes = Math.floor((now - changed) / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`;
}

function mark(learner, exercise) {
  if (learner.done.includes(exercise.name)) return cell("td", "✓", { className: "done", title: exercise.title });
  if (learner.now === exercise.name) return cell("td", "▸", { className: "now", title: exercise.title });
  return cell("td", "", { title: exercise.title });
}

function row(learner, shown, finds, now) {
  const line = document.createElement("tr");
  const found = finds.filter((each) => learner.done.includes(each.name)).length;
  line.append(
    cell("th", learner.name ? `${learner.number} ${learner.name}` : `${learner.number}`, { scope: "row" }),
    cell("td", `${learner.done.length}`),
    ...shown.map((each) => mark(learner, each)),
    cell("td", `${found}/${finds.length}`, finds.some((each) => each.name === learner.now) ? { className: "now" } : {}),
    cell("td", ago(learner.changed, now), { className: "ago" }),
  );
  return line;
}

function draw(state) {
  const shown = state.exercises.filter((each) => !each.find);
  const finds = state.exercises.filter((each) => each.find);
  at("head").replaceChildren(
    cell("th", "learner", { scope: "row" }), cell("th", "done"),
    ...shown.map((each, place) => cell("th", `${place + 1}`, { title: each.title })),
    cell("th", "mistakes"), cell("th", "last change"),
  );
  at("learners").replaceChildren(...state.learners.map((each) => row(each, shown, finds, state.time)));
  const count = (each) => state.learners.filter((one) => one.done.includes(each.name)).length;
  at("foot").replaceChildren(
    cell("th", `${state.learners.length} learners`, { scope: "row" }), cell("td", ""),
    ...shown.map((each) => cell("td", `${count(each)}`)), cell("td", ""), cell("td", ""),
  );
  at("titles").replaceChildren(...shown.map((each) => cell("li", each.title.replace(/^\d+[.:]?\s*/, ""))));
  const machine = state.machine;
  at("says").textContent =
    `${state.checks.running} of ${state.checks.at_once} checks run; the machine has ` +
    `${(machine.available / GIB).toFixed(1)} of ${(machine.memory / GIB).toFixed(1)} GiB free, ` +
    `load ${machine.load.toFixed(1)} on ${machine.cores} cores`;
}

async function look() {
  try {
    const answer = await fetch("/api/v1/class");
    if (!answer.ok) throw new Error(answer.statusText);
    draw(await answer.json());
    document.documentElement.dataset.stale = "false";
  } catch {
    document.documentElement.dataset.stale = "true";
    at("says").textContent = "the page's server does not answer; flumelab classroom up starts it";
  }
  setTimeout(look, EVERY_MS);
}

look();
