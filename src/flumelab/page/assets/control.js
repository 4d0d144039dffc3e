// The page's actions. Each is one of the lab's commands, and needs the token of the address.

import { element, say } from "./format.js";

const TOKEN = takeToken();
let drawn = "";
let enabled = false;
let running = 0; // meanwhile its command stays, whatever button comes under the mouse
const form = document.getElementById("feed");

// The token comes after the #, which no browser sends, and does not stay in the address.
function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem("token", given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return given ?? sessionStorage.getItem("token");
}

export function drawControl(state) {
  const { control } = state;
  const root = document.getElementById("act");
  root.hidden = !control?.enabled;
  if (root.hidden) return;
  enabled = Boolean(TOKEN);
  document.querySelector("#feed button").disabled = !enabled || !state.parts.length;
  const key = JSON.stringify(control);
  if (key === drawn) return;
  drawn = key;
  form.hidden = Boolean(control.why);
  document.querySelector("#act .command").hidden = Boolean(control.why);
  if (control.why) say("acted", control.why);
  else if (!enabled) say("acted", "Open the address that flumelab page --control printed: it has the token.");
  document.getElementById("actions").replaceChildren(...control.actions.map(row));
}

function row(action) {
  const button = element("button", { type: "button", "data-action": action.id,
    "data-part": action.part, disabled: !enabled || !action.possible }, action.title);
  button.onclick = () => act({ action: action.id, part: action.part }, action.command);
  button.onfocus = button.onmouseenter = () => running || say("command", action.command);
  const why = action.possible ? "" : action.why;
  return element("li", {}, button, element("code", {}, action.command),
    why ? element("span", { class: "detail" }, why) : null);
}

const feedCommand = () => {
  const { lines, rate, seed } = form.elements;
  return `flumelab feed --lines ${lines.value} --rate ${rate.value} --seed ${seed.value}`;
};
form.oninput = () => say("command", feedCommand());
form.onsubmit = (event) => {
  event.preventDefault();
  const values = Object.fromEntries(["lines", "rate", "seed"].map((name) =>
    [name, Number(form.elements[name].value)]));
  act({ action: "feed", ...values }, feedCommand());
};
say("command", feedCommand());

async function act(asked, command) {
  running += 1;
  say("command", command);
  say("acted", `… ${command}`);
  try {
    const answer = await fetch("/api/v1/actions", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Lab-Token": TOKEN ?? "" },
      body: JSON.stringify(asked),
    });
    const said = await answer.json();
    say("acted", answer.ok ? said.says : `✕ ${said.error}`);
  } catch {
    say("acted", "✕ the page's server does not answer");
  } finally {
    running -= 1;
  }
}
