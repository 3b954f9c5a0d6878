// The first lesson, from its start to its last step, with the keyboard alone: the transcript of
// its own solution is typed, and files are saved in the editor the way a learner would.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { check, here, same, test, until } from "./harness.mjs";

const LESSON = "fondations/git/commits-branches-merges";
const folder = join(here, "..", "..", "content", ...LESSON.split("/"));

/** The acts of a transcript: commands and saved files, by section. */
function solution() {
  const sections = [];
  for (const line of readFileSync(join(folder, "solution.case"), "utf8").split("\n")) {
    const section = /^--- (.+) ---$/.exec(line);
    if (section) sections.push({ name: section[1], acts: [] });
    else if (line.startsWith("$ ")) sections.at(-1).acts.push({ command: line.slice(2) });
    else if (line.startsWith("> ")) sections.at(-1).acts.push({ input: line.slice(2) });
    else if (line.startsWith("= ")) sections.at(-1).acts.push({ path: line.slice(2), lines: [] });
    else if (line.startsWith("  ") && sections.at(-1).acts.at(-1)?.lines) sections.at(-1).acts.at(-1).lines.push(line.slice(2));
  }
  return sections;
}

const done = async (page) => Number(await page.locator(".tl__rail").getAttribute("aria-valuenow"));
const active = (page, selector) => page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector);

/** Moves the focus with Tab until it is on what the selector names. */
async function tabTo(page, selector) {
  for (let n = 0; n < 200; n += 1) {
    if (await active(page, selector)) return;
    // Out of a field that keeps Tab for itself.
    if (await active(page, "textarea")) await page.keyboard.press("Escape");
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab never reaches ${selector}`);
}

async function save(page, { path, lines }) {
  await tabTo(page, ".term__field");
  const before = await done(page);
  await page.keyboard.type(`nano ${path}`);
  await page.keyboard.press("Enter");
  await until(() => active(page, ".ed__field"), `nano opens ${path}`);
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText(`${lines.join("\n")}\n`);
  await page.keyboard.press("Control+s");
  await until(async () => (await done(page)) > before && (await active(page, ".term__field")), `${path} is saved`);
}

/** A line for the program in the foreground (a pager). */
async function answer(page, text) {
  await tabTo(page, ".term__field");
  await page.keyboard.insertText(text);
  await page.keyboard.press("Enter");
}

async function type(page, command) {
  await tabTo(page, ".term__field");
  await until(async () => (await page.locator(".term__ps").innerText()).includes("$"), "the prompt is there");
  const before = await done(page);
  await page.keyboard.insertText(command);
  await page.keyboard.press("Enter");
  await until(async () => (await done(page)) > before, `\`${command}\` is done`);
}

test("the first lesson is solved with the keyboard alone", { timeout: 180_000, viewport: { width: 1440, height: 900 } }, async (scene) => {
  const page = await scene.open(`#/l/${LESSON}`);
  await page.waitForSelector(".term__field");
  await page.waitForSelector(".term__wait", { state: "detached" });
  const sections = solution();
  check(sections.length >= 7, "there are seven steps or more");
  for (const [n, { name, acts }] of sections.entries()) {
    // The lesson's own blocks prepare what a step starts from: they are run where they stand.
    for (const block of await blocksBefore(page, n)) {
      await block.focus();
      const before = await done(page);
      await page.keyboard.press("Enter");
      await until(async () => (await done(page)) > before, `a block before ${name} runs`);
      await page.waitForTimeout(150);
    }
    for (const act of acts) {
      if (act.path) await save(page, act);
      else if (act.input !== undefined) await answer(page, act.input);
      else await type(page, act.command);
    }
    await until(() => page.locator(`#step-${n}.is-done`).count(), `step ${name} is passed`);
  }
  same(await page.locator(".viewsw__g .num").textContent(), `${sections.length} sur ${sections.length}`);
  // What the panels show is the lab's present, not a moment before.
  await until(async () => (await page.locator(".cg__row.is-head").innerText()).includes("weekly"), "the graph shows the last commit");
  await page.reload();
  await until(() => page.locator(".step.is-done").count().then((count) => count === sections.length), "progress is kept");
});

/** The buttons of the runnable blocks between step n - 1 and step n, and inside step n. */
async function blocksBefore(page, n) {
  const all = await page.$$(".prose .snippet__run, .prose .step");
  const found = [];
  let seen = -1;
  for (const element of all) {
    const id = await element.getAttribute("id");
    if (id?.startsWith("step-")) seen = Number(id.slice(5));
    else if (seen === n - 1 && !(await element.evaluate((e) => e.closest(".step")))) found.push(element);
    else if (seen === n && (await element.evaluate((e, wanted) => e.closest(".step")?.id === wanted, `step-${n}`))) found.push(element);
  }
  return found;
}
