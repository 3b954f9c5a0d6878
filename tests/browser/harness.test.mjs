// The harness must be able to fail: each kind of fault is provoked and has to be noticed.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accessible } from "./axe.mjs";
import { Scene, check, same, serve, test } from "./harness.mjs";

// An icon of no bytes: browsers ask the server for one otherwise.
const head = `<!doctype html><html lang="fr"><title>t</title><link rel="icon" href="data:,">`;

const pages = {
  "good.html": `${head}<main><h1>Bonjour</h1></main>`,
  "inline.html": `${head}<main><h1>h</h1></main><script>window.ran = true</script>`,
  "style.html": `${head}<main><h1 style="color:red">h</h1></main>`,
  "throws.html": `${head}<main><h1>h</h1></main><script src="throws.js"></script>`,
  "missing.html": `${head}<main><h1>h</h1></main><script src="none.js"></script>`,
  "eval.html": `${head}<main><h1>h</h1></main><script src="eval.js"></script>`,
  "wasm.html": `${head}<main><h1>h</h1></main><script src="wasm.js"></script>`,
  "worker.html": `${head}<main><h1>h</h1></main><script src="worker.js"></script>`,
  "unlabelled.html": `${head}<main><h1>h</h1><input></main>`,
  "throws.js": `setTimeout(() => { throw new Error("on purpose") })`,
  "eval.js": `new Function("return 1")()`,
  "wasm.js": `WebAssembly.compile(new Uint8Array([0,97,115,109,1,0,0,0])).then(() => { document.title = "compiled" })`,
  "worker.js": `new Worker("throws.js")`,
};

async function complaintsOf(scene, name, wait = 300) {
  const folder = mkdtempSync(join(tmpdir(), "essaim-harness-"));
  for (const [file, text] of Object.entries(pages)) writeFileSync(join(folder, file), text);
  const site = await serve(folder);
  const inner = new Scene(scene.browser, site, {});
  try {
    const page = await inner.open(name);
    await page.waitForTimeout(wait);
    let axe = "";
    await accessible(page).catch((error) => (axe = String(error)));
    return { complaints: inner.complaints.join("\n"), axe, title: await page.title(), ran: await page.evaluate("window.ran") };
  } finally {
    await inner.close();
    await site.close();
    rmSync(folder, { recursive: true });
  }
}

test("harness: a page without fault passes", async (scene) => {
  const { complaints, axe } = await complaintsOf(scene, "good.html");
  same(complaints, "");
  same(axe, "");
});

test("harness: Wasm may be compiled under the policy", async (scene) => {
  const { complaints, title } = await complaintsOf(scene, "wasm.html");
  same(complaints, "");
  same(title, "compiled");
});

for (const [name, word] of [
  ["inline.html", "script-src"],
  ["style.html", "style-src"],
  ["throws.html", "on purpose"],
  ["missing.html", "404"],
  ["eval.html", "unsafe-eval"],
  ["worker.html", "on purpose"],
]) {
  test(`harness: ${name} is a failure`, async (scene) => {
    const { complaints, ran } = await complaintsOf(scene, name);
    check(complaints.includes(word), `"${word}" is not in what the page complained of:\n${complaints}`);
    check(ran !== true, "an inline script ran in spite of the policy");
  });
}

test("harness: axe sees a field without a label", async (scene) => {
  const { axe } = await complaintsOf(scene, "unlabelled.html");
  check(axe.includes("label"), `axe found nothing: ${axe}`);
});
