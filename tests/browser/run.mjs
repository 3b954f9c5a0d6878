// Runs the browser tests: `node tests/browser/run.mjs [--filter TEXT] [--list]`.
// Last line: `N passed, N failed`.

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Scene, dist, here, launch, registered, serve } from "./harness.mjs";

const TIMEOUT_MS = 60_000;

const options = readOptions(process.argv.slice(2));
if (!existsSync(join(dist, "index.html"))) {
  console.error(`There is no site in ${dist}: run \`cargo xtask build --release\` first.`);
  process.exit(2);
}
for (const file of readdirSync(here).filter((name) => name.endsWith(".test.mjs")).sort()) {
  await import(pathToFileURL(join(here, file)));
}
const chosen = registered().filter(({ name }) => options.filters.every((text) => name.includes(text)));
if (options.list) {
  for (const { name } of chosen) console.log(name);
  process.exit(0);
}
if (chosen.length === 0) {
  console.error("no test has such a name");
  process.exit(2);
}

const site = await serve();
let browser = await launch();
let passed = 0;
const failures = [];
for (const { name, options: wanted, body } of chosen) {
  const started = performance.now();
  const problem = await run(name, wanted, body);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${problem ? "FAIL" : "ok  "} ${name} (${seconds} s)`);
  if (problem) {
    failures.push({ name, problem });
    console.log(String(problem.stack ?? problem).replace(/^/gm, "     "));
    // A browser that died must not take the remaining tests with it.
    if (!browser.isConnected()) browser = await launch();
  } else {
    passed += 1;
  }
}
await browser.close();
await site.close();
if (failures.length > 0) {
  console.log("\nFailed:");
  for (const { name } of failures) console.log(`  ${name}`);
}
console.log(`\n${passed} passed, ${failures.length} failed`);
process.exit(failures.length > 0 ? 1 : 0);

async function run(name, wanted, body) {
  const scene = new Scene(browser, site, wanted);
  let timer;
  const late = new Promise((_, reject) => {
    const limit = wanted.timeout ?? TIMEOUT_MS;
    timer = setTimeout(() => reject(new Error(`not done after ${limit} ms`)), limit);
  });
  try {
    await Promise.race([body(scene), late]);
    scene.verdict();
    return null;
  } catch (error) {
    await scene.screenshot(name).catch(() => {});
    if (scene.complaints.length > 0) console.log(scene.complaints.join("\n").replace(/^/gm, "     | "));
    return error;
  } finally {
    clearTimeout(timer);
    await scene.close();
  }
}

function readOptions(words) {
  const read = { filters: [], list: false };
  while (words.length > 0) {
    const word = words.shift();
    if (word === "--filter" && words.length > 0) read.filters.push(words.shift());
    else if (word === "--list") read.list = true;
    else {
      console.error(`unknown option ${word}\nusage: node tests/browser/run.mjs [--filter TEXT] [--list]`);
      process.exit(2);
    }
  }
  return read;
}
