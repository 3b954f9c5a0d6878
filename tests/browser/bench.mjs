// Measures the release page in Chromium: `cargo xtask bench browser`.
//   - from navigation to a terminal that takes a command;
//   - from Enter to the answer of a command in the terminal, in the free lab and in the first lesson, whose goals are
//     looked at after each command.
// Fails when the answer takes more than the ceiling at the 95th percentile.

import { Scene, launch, serve, until } from "./harness.mjs";

const COMMANDS = 200;
const ANSWER_MS_MAX = 16;
const LOADS = 5;

const commands = [
  "git status",
  "git log --oneline --graph --all",
  "echo $RANDOM >> notes.txt; git add notes.txt",
  "git commit -q -m note",
  "git diff HEAD~1",
  "ls -la",
  "git switch -q -C essai",
  "git merge main",
];

const browser = await launch();
const site = await serve();
let code = 0;
try {
  const loads = [];
  for (let load = 0; load < LOADS; load += 1) loads.push(await interactive());
  print("interactive (navigation to prompt)", loads);
  for (const route of ["#/lab", "#/l/fondations/git/commits-branches-merges"]) {
    const answers = await latencies(route);
    print(`answer of a command (${answers.length} commands, ${route})`, answers);
    if (quantile(answers, 0.95) > ANSWER_MS_MAX) {
      console.log(`p95 is above ${ANSWER_MS_MAX} ms`);
      code = 1;
    }
  }
} finally {
  await browser.close();
  await site.close();
}
process.exit(code);

async function lab(route = "#/lab") {
  const scene = new Scene(browser, site, {});
  const page = await scene.open(route);
  await page.waitForSelector(".term__field");
  return { scene, page };
}

async function interactive() {
  const started = performance.now();
  const { scene } = await lab();
  const took = performance.now() - started;
  await scene.close();
  return took;
}

async function latencies(route) {
  const { scene, page } = await lab(route);
  await page.evaluate(watch);
  const field = page.locator(".term__field");
  const say = async (line, number) => {
    // The sum is computed by the shell: the typed line itself does not contain the mark.
    await field.fill(`${line}; echo "=$((${number} + 100000))="`);
    await field.press("Enter");
    return until(() => page.evaluate((mark) => window.answerOf(mark), `=${number + 100000}=`), `\`${line}\` is answered`);
  };
  // In the lesson's own folder its goals and its graph follow; in the free lab a fresh one is as good.
  const folder = route === "#/lab" ? "cd; mkdir banc; cd banc" : "cd ~/collecte";
  await say(`${folder}; git init -q -b main; git config user.name B; git config user.email b@example.org; git config core.pager cat`, 0);
  await say("for i in 1 2 3 4 5 6 7 8 9 10; do echo $i > f$i; git add f$i; git commit -q -m $i; done", 1);
  const found = [];
  for (let number = 2; number < COMMANDS + 2; number += 1) found.push(await say(commands[number % commands.length], number));
  scene.verdict();
  await scene.close();
  return found;
}

/** In the page: notes when Enter goes down and when a mark is first in the output. */
function watch() {
  const seen = new Map();
  let pressed = 0;
  document.addEventListener("keydown", (event) => event.key === "Enter" && (pressed = performance.now()), true);
  new MutationObserver(() => {
    const now = performance.now();
    const tail = [...document.querySelectorAll(".term__ln")].slice(-4);
    for (const line of tail) {
      const mark = line.textContent.trim();
      if (/^=\d+=$/.test(mark) && !seen.has(mark)) seen.set(mark, now - pressed);
    }
  }).observe(document.querySelector(".term__log"), { childList: true, subtree: true, characterData: true });
  window.answerOf = (mark) => seen.get(mark);
}

function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}

function print(what, values) {
  const shown = [0.5, 0.95, 1].map((part) => quantile(values, part).toFixed(1));
  console.log(`${what}: median ${shown[0]} ms, p95 ${shown[1]} ms, max ${shown[2]} ms`);
}
