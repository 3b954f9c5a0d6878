// The picture of the README: a lesson beside its lab, after two branches have met.
// `ESSAIM_SCREENSHOT=1 node tests/browser/run.mjs --filter README` takes it anew for docs/.

import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { check, here, out, test, until } from "./harness.mjs";

const COMMANDS = [
  "git init -q; printf 'data/\\nout/\\n*.env\\n' > .gitignore; git add .",
  'git commit -q -m "Put the pipeline under version control"',
  "git switch -q -c dedupe; sed -i 's/\"$input\"$/& | sort -u/' pipeline.sh",
  'git commit -q -a -m "Count each sale once"',
  "git switch -q main; echo lille >> stores.txt",
  'git commit -q -a -m "Add the Lille store"',
  "git merge --no-edit dedupe",
  "git --no-pager log --oneline --graph --all",
];

const docs = join(here, "..", "..", "docs");

test("the picture of the README can be taken", { viewport: { width: 1440, height: 900 } }, async (scene) => {
  const page = await scene.open("#/l/fondations/git/commits-branches-merges");
  await page.waitForSelector(".term__field");
  const field = page.locator(".term__field");
  await until(() => page.locator(".term__ps").innerText().then((text) => text.includes("$")), "the prompt is there", 20_000);
  for (const [n, command] of COMMANDS.entries()) {
    await field.fill(command);
    await field.press("Enter");
    await until(async () => (await page.locator(".tl__rail").getAttribute("aria-valuenow")) === String(n + 1), `\`${command}\` is done`);
  }
  const log = await page.locator(".term__log").innerText();
  check(log.includes("Merge branch 'dedupe'"), "the branches have met");
  // The graph has come to rest, and the fonts are there.
  await page.evaluate(() => document.fonts.ready);
  await page.waitForTimeout(600);
  const folder = process.env.ESSAIM_SCREENSHOT ? docs : out;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, "screenshot.png") });
  check(existsSync(join(docs, "screenshot.png")), "the README's picture is in docs/: take it with ESSAIM_SCREENSHOT=1");
});
