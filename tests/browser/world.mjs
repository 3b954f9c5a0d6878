// Measures the kernel's distributed world in Chromium: `cargo xtask bench world`.
// Fails when the bare kernel handles fewer events a second than the floor.

import { base, launch, serve } from "./harness.mjs";

const EVENTS = 2_000_000;
const ROUNDS = 5;
const BARE_MILLIONS_MIN = 5;

const browser = await launch();
const page_path = `${base}bench.html`;
const site = await serve(process.env.ESSAIM_WORLDS, {
  pages: { [page_path]: "<!doctype html><title>bench</title>" },
});
let code = 0;
try {
  const page = await browser.newPage();
  await page.goto(site.origin + page_path);
  for (const busy of [false, true]) {
    const rates = await page.evaluate(measure, { module: `${site.url}speed.js`, busy, events: EVENTS, rounds: ROUNDS });
    const best = Math.max(...rates);
    const shown = rates.map((rate) => rate.toFixed(2)).join(" ");
    console.log(`Wasm, ${busy ? "busy" : "bare"}: ${best.toFixed(2)} million events a second (rounds: ${shown})`);
    if (!busy && best < BARE_MILLIONS_MIN) {
      console.log(`the bare kernel is below ${BARE_MILLIONS_MIN} million events a second`);
      code = 1;
    }
  }
} finally {
  await browser.close();
  await site.close();
}
process.exit(code);

/** In the page: millions of events a second, of each round; one round before them warms up. */
async function measure({ module, busy, events, rounds }) {
  const wasm = await import(module);
  await wasm.default();
  const rates = [];
  for (let round = 0; round <= rounds; round += 1) {
    const started = performance.now();
    wasm.run(busy, events);
    if (round > 0) rates.push(events / (performance.now() - started) / 1000);
  }
  return rates;
}
