// What is kept: reload, the undone future, two tabs, export and import, starting over.

import { writeFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { check, out, same, test, until } from "./harness.mjs";
import { FIRST_STEP, LESSON, at, downloaded, known, log, ready, run, shows, stored, storedWith, toast } from "./lab.mjs";

const PATH = "fondations/git/commits-branches-merges";

test("a reload finds the lab as it was", async (scene) => {
  const page = await scene.open(LESSON);
  await ready(page);
  await run(page, "git init");
  await run(page, "echo souvenir");
  await storedWith(page, "lab/", (text) => text.includes("souvenir"), "the lab is saved");
  await page.reload();
  await ready(page);
  check((await log(page).innerText()).includes("souvenir"), "the log is back");
  same(await at(page), 2);
});

test("what was undone is still known after a reload", async (scene) => {
  const page = await scene.open("#/lab");
  await ready(page);
  for (const name of ["un", "deux", "trois"]) await run(page, `echo ${name} > ${name}`);
  await page.locator(".tl__rail").focus();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  await until(async () => (await at(page)) === 1, "two commands are undone");
  await storedWith(page, "lab/free", (text) => text.includes("done 1\n") && text.includes("trois"), "all is saved");
  await page.reload();
  await ready(page);
  same([await at(page), await known(page)], [1, 3]);
  check(!(await log(page).innerText()).includes("deux"), "the log is that of the past");
  await page.getByRole("button", { name: "Revenir au présent" }).click();
  await until(async () => (await at(page)) === 3, "the present is back");
  await run(page, "cat un deux trois");
  await shows(page, "un\ndeux\ntrois");
});

test("a lab saved by an earlier version comes back", async (scene) => {
  const page = await scene.open("#/about");
  await page.waitForSelector("#contenu h1");
  // As it was written before undone commands were saved: head, name, seed, acts.
  const body = "--- lab ---\nseed 1\n$ echo ancien > f\n= /home/camille/g\n  saisi\n$ cat f\n";
  await put(page, "lab/free", `essaim 1 ${sum(body)}\n${body}`);
  await page.goto(scene.url("#/lab"));
  await ready(page);
  same([await at(page), await known(page)], [3, 3]);
  check((await log(page).innerText()).includes("ancien"), "its commands were played");
});

test("of two tabs one saves, the other says so and may take over, and nothing is overwritten", async (scene) => {
  const notice = (page) => page.getByText("ouvert dans un autre onglet");
  const page = await scene.open("#/lab");
  await ready(page);
  await run(page, "echo premier");
  const second = await scene.page();
  await second.goto(scene.url("#/lab"));
  await ready(second);
  await notice(second).waitFor();
  check((await log(second).innerText()).includes("premier"), "the second begins where the first is");
  // What the first does meanwhile is not lost when the second takes over.
  await run(page, "echo suite");
  await storedWith(page, "lab/free", (text) => text.includes("suite"), "the first saves");
  await second.getByRole("button", { name: "Enregistrer plutôt ici" }).click();
  await notice(second).waitFor({ state: "detached" });
  await shows(second, "suite");
  await ready(second);
  await run(second, "echo second");
  await storedWith(second, "lab/free", (text) => text.includes("second"), "the second saves");
  await run(page, "echo perdu");
  await notice(page).waitFor();
  const [text] = await stored(page, "lab/free");
  check(text.includes("second") && !text.includes("perdu"), `the first no longer writes: ${text}`);
});

test("progress goes out as a file and comes back in a new browser", async (scene) => {
  const page = await scene.open(LESSON);
  await ready(page);
  await run(page, FIRST_STEP);
  await page.locator("#step-0.is-done").waitFor();
  await page.goto(scene.url("#/about"));
  const { bytes } = await downloaded(page, () => page.getByRole("button", { name: "Exporter ma progression" }).click());
  mkdirSync(out, { recursive: true });
  const file = join(out, "progression.txt");
  const other = await (await scene.newContext()).newPage();
  await other.goto(scene.url("#/"));
  const bring = async (content) => {
    writeFileSync(file, content);
    const choosing = other.waitForEvent("filechooser");
    await other.getByRole("button", { name: "Importer" }).click();
    await (await choosing).setFiles(file);
  };
  await bring(bytes.subarray(0, bytes.length - 9));
  await toast(other, "il est abîmé").waitFor();
  await bring(bytes);
  await toast(other, "Progression importée").waitFor();
  await other.getByText("1 étapes sur").or(other.getByText("1 étape sur")).first().waitFor();
  await other.goto(scene.url(LESSON));
  await ready(other);
  await shows(other, "git init");
  await other.locator("#step-0.is-done").waitFor();
});

test("a step starts over where it began", async (scene) => {
  const page = await scene.open(LESSON);
  await ready(page);
  await run(page, FIRST_STEP);
  await page.locator("#step-0.is-done").waitFor();
  await until(() => page.locator("#step-1.is-now").count(), "the next step is under way");
  await run(page, "echo essai > essai.txt");
  await run(page, "git add essai.txt");
  await page.getByRole("button", { name: "Recommencer l’étape" }).click();
  await until(async () => (await at(page)) === 1, "the step is at its start");
  same(await known(page), 3, "what was done is still known");
  check(await page.locator("#step-0.is-done").count(), "the step before stays passed");
});

test("a lesson starts over alone, the course alone, and all data", async (scene) => {
  const page = await scene.open("#/lab");
  await ready(page);
  await run(page, "echo libre");
  await storedWith(page, "lab/free", (text) => text.includes("libre"), "the free lab is saved");
  const pass = async () => {
    await page.goto(scene.url(LESSON));
    await ready(page);
    await run(page, FIRST_STEP);
    await page.locator("#step-0.is-done").waitFor();
    await storedWith(page, `lab/${PATH}`, (text) => text.includes("git init"), "the lesson's lab is saved");
  };
  const confirm = async (name, yes) => {
    await page.getByRole("button", { name, exact: true }).click();
    await page.locator("dialog[open]").getByRole("button", { name: yes, exact: true }).click();
  };
  await pass();
  await confirm("Recommencer la leçon", "Recommencer la leçon");
  await until(() => page.locator(".step.is-done").count().then((n) => n === 0), "no step is passed");
  await ready(page);
  same(await at(page), 0);
  same((await stored(page, `lab/${PATH}`)).filter((text) => text.includes("git init")).length, 0, "labs of the lesson");
  await pass();
  await page.goto(scene.url("#/"));
  await confirm("Recommencer le cours", "Recommencer le cours");
  await toast(page, "Données effacées").waitFor();
  await page.getByText("Commencer par Git").waitFor();
  await until(async () => (await stored(page, `lab/${PATH}`)).length === 0, "the lesson's lab is forgotten");
  same((await stored(page, "lab/free")).length, 1, "the free lab");
  await page.goto(scene.url(LESSON));
  await ready(page);
  same(await page.locator(".step.is-done").count(), 0, "passed steps");
  await pass();
  await page.goto(scene.url("#/"));
  await confirm("Effacer mes données", "Tout effacer");
  await until(async () => (await stored(page, "lab/")).length === 0, "no lab is left");
});

/** Writes a record as an earlier version of the page would have. */
function put(page, key, text) {
  return page.evaluate(
    ([name, value]) =>
      new Promise((resolve) => {
        const opening = indexedDB.open("essaim");
        opening.onsuccess = () => {
          const writing = opening.result.transaction("records", "readwrite");
          writing.objectStore("records").put(value, name);
          writing.oncomplete = () => {
            opening.result.close();
            resolve();
          };
        };
      }),
    [key, text],
  );
}

/** The checksum of a record: FNV-1a of its bytes. */
function sum(text) {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, "0");
}
