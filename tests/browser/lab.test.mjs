// The lab as a whole: its time, files in and out, links, reports, and an engine that dies.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { check, out, same, test, until } from "./harness.mjs";
import { FIRST_STEP, LESSON, at, downloaded, field, known, log, menu, prompt, ready, run, shows, storedWith, toast, type, unzip, zip } from "./lab.mjs";

const CLIPBOARD = { permissions: ["clipboard-read", "clipboard-write"] };

test("undo, redo, rewind and a fork that asks first", async (scene) => {
  const page = await scene.open("#/lab");
  await ready(page);
  for (const command of ["touch a", "touch b", "touch c"]) await run(page, command);
  same(await at(page), 3);
  await page.getByRole("button", { name: "Annuler la dernière commande" }).click();
  await until(async () => (await at(page)) === 2, "one command is undone");
  await page.getByRole("button", { name: "Rétablir la commande" }).click();
  await until(async () => (await at(page)) === 3, "it is done again");
  await page.locator(".tl__rail").focus();
  await page.keyboard.press("Home");
  await until(async () => (await at(page)) === 0, "the start is back");
  await page.keyboard.press("ArrowRight");
  await until(async () => (await at(page)) === 1, "one command on");
  await field(page).fill("ls");
  await field(page).press("Enter");
  await page.getByRole("button", { name: "Oublier la suite" }).click();
  await until(async () => (await page.locator(".tl__rail").getAttribute("aria-valuemax")) === "2", "the rest is forgotten");
  check(!(await log(page).innerText()).includes("touch b"), "the log is that of the new past");
});

test("an engine that hangs is started again, and the lab is back", { timeout: 60_000 }, async (scene) => {
  const page = await scene.open("#/lab");
  await ready(page);
  await run(page, "echo avant");
  const worker = page.workers()[0];
  check(worker, "the lab has a worker");
  worker.evaluate(() => { for (;;); }).catch(() => {});
  await field(page).fill("echo pendant");
  await field(page).press("Enter");
  await page.locator(".toast", { hasText: "relancé" }).waitFor({ timeout: 20_000 });
  await ready(page);
  const text = await log(page).innerText();
  check(text.includes("avant") && !text.includes("pendant"), "the lab is just before the command");
  await run(page, "echo après");
});

for (const [how, kill] of [
  ["is ended from outside", (worker) => worker.evaluate(() => self.close())],
  ["crashes", (worker) => worker.evaluate(() => void setTimeout(() => new WebAssembly.Instance(new WebAssembly.Module(self.trap)).exports.f()))],
]) {
  test(`an engine that ${how} in the middle of a command comes back with the state before it`, { timeout: 60_000 }, async (scene) => {
    const page = await scene.open("#/lab");
    await ready(page);
    await run(page, "git init -q projet; cd projet; echo un > f; git add f; git commit -q -m un");
    await run(page, "echo deux >> f");
    const before = await log(page).innerText();
    await until(() => page.locator(".cg__row.is-head").count(), "the graph is there");
    const graph = await page.locator(".cg__rows").innerText();
    const worker = page.workers()[0];
    // A module whose only function is `unreachable`: the trap of a panic, not an exception of JavaScript.
    const trap = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 5, 1, 3, 0, 0, 11];
    await worker.evaluate((bytes) => void (self.trap = new Uint8Array(bytes)), trap);
    await type(page, "echo perdu >> f; while true; do :; done");
    await until(async () => !(await page.locator(".term__ps").innerText()).includes("$"), "the command runs");
    await kill(worker).catch(() => {});
    await toast(page, "« echo perdu >> f; while true; do :; done » a bloqué le moteur".replace("« ", "«\u202f").replace(" »", "\u202f»")).waitFor({ timeout: 20_000 });
    await ready(page);
    check(page.workers()[0] !== worker, "another worker is there");
    same(await log(page).innerText(), before, "the terminal");
    same([await at(page), await known(page)], [2, 2]);
    await until(async () => (await page.locator(".cg__rows").innerText()) === graph, "the graph is as before");
    await run(page, "cat f; git status --short");
    await shows(page, "un\ndeux\n M f");
    await storedWith(page, "lab/free", (text) => text.includes("git status") && !text.includes("perdu"), "what is saved goes on from there");
  });
}

/** Drops files on the bench, as from a folder of the learner's computer. */
function drop(page, files) {
  return page.evaluate((all) => {
    const data = new DataTransfer();
    for (const [name, bytes] of all) data.items.add(new File([new Uint8Array(bytes)], name));
    const bench = document.querySelector(".bench");
    for (const kind of ["dragover", "drop"]) bench.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
  }, files.map(([name, content]) => [name, [...Buffer.from(content)]]));
}

test("a file comes in by the menu and by a drop, and is there after a reload", async (scene) => {
  const page = await scene.open("#/lab");
  await ready(page);
  mkdirSync(out, { recursive: true });
  const path = join(out, "mesures.csv");
  writeFileSync(path, "date,valeur\n2026-01-01,3\n");
  const choosing = page.waitForEvent("filechooser");
  await menu(page, "Apporter un fichier ou un zip");
  await (await choosing).setFiles(path);
  await toast(page, "mesures.csv apporté").waitFor();
  await until(async () => (await at(page)) === 1, "it is on the timeline");
  await drop(page, [["brut.bin", Buffer.from([0, 255, 10, 0])], ["été.txt", "chaud\n"]]);
  await until(async () => (await at(page)) === 3, "both are there");
  await run(page, "cat mesures.csv été.txt; wc -c < brut.bin");
  await shows(page, "2026-01-01,3\nchaud\n4");
  await page.reload();
  await ready(page);
  await run(page, "cat été.txt; wc -c < brut.bin; echo fin");
  await shows(page, "chaud\n4\nfin");
  await page.getByRole("button", { name: "mesures.csv" }).waitFor();
});

test("a zip comes in unpacked; one that is broken or leads out is refused", async (scene) => {
  const page = await scene.open("#/lab");
  await ready(page);
  await drop(page, [["projet.zip", zip({ "projet/LISEZMOI": "bonjour\n".repeat(50), "projet/src/a.py": "print(1)\n" })]]);
  await toast(page, "projet.zip apporté").waitFor();
  await run(page, "wc -l < projet/LISEZMOI; cat projet/src/a.py");
  await shows(page, "50\nprint(1)");
  const before = await known(page);
  const good = zip({ "a.txt": "x".repeat(300) });
  await drop(page, [["faux.zip", zip({ "../dehors": "x" })]]);
  await toast(page, "ne peut pas être lu").waitFor();
  await drop(page, [["coupé.zip", good.subarray(0, good.length - 30)]]);
  await until(async () => (await toast(page, "ne peut pas être lu").count()) === 2, "the second is refused too");
  same(await known(page), before, "entries");
});

test("one file goes out, and the whole lab as a zip", async (scene) => {
  const page = await scene.open("#/lab");
  await ready(page);
  await run(page, "printf 'é\\000b' > brut; printf '#!/bin/sh\\necho ici\\n' > outil.sh; chmod +x outil.sh; mkdir -p s ~/ailleurs; echo x > s/x; echo y > ~/ailleurs/y");
  await page.locator(".filetree").getByRole("button", { name: "outil.sh" }).click();
  const one = await downloaded(page, () => page.getByRole("button", { name: "Emporter outil.sh" }).click());
  same([one.name, one.bytes.toString()], ["outil.sh", "#!/bin/sh\necho ici\n"]);
  await page.locator(".filetree").getByRole("button", { name: "brut" }).click();
  const binary = await downloaded(page, () => page.getByRole("button", { name: "Emporter brut" }).click());
  same([...binary.bytes], [0xc3, 0xa9, 0, 0x62]);
  const whole = await downloaded(page, () => menu(page, "Tout emporter (zip)"));
  const files = unzip(whole.bytes);
  same(files["capteurs/outil.sh"], { text: "#!/bin/sh\necho ici\n", mode: 0o755 });
  same(files["capteurs/s/x"], { text: "x\n", mode: 0o644 });
  same(files["ailleurs/y"]?.text, "y\n", "what was made beside the lab's own folder");
  check(files["capteurs/.git/HEAD"], "the repository is in it, whole");
  // What went out comes in again elsewhere.
  const other = await (await scene.newContext()).newPage();
  await other.goto(scene.url("#/lab"));
  await ready(other);
  await drop(other, [[whole.name, whole.bytes]]);
  await toast(other, "apporté").waitFor();
  await until(async () => (await at(other)) === Object.keys(files).length, "all files are there", 30_000);
  await run(other, "cat capteurs/s/x; git -C capteurs log --oneline | cat; echo fin");
  await shows(other, "fin");
  check(!(await log(other).innerText()).includes("fatal"), "the repository is one");
});

test("a link gives the same lab in another browser, and keeps what is done there", CLIPBOARD, async (scene) => {
  const page = await scene.open("#/lab");
  await ready(page);
  for (const command of ["git init -q partage; cd partage", "echo $RANDOM > n; git add n", "git commit -q -m premier", "rm n"]) await run(page, command);
  await page.getByRole("button", { name: "Annuler la dernière commande" }).click();
  await until(async () => (await at(page)) === 3, "the last command is undone");
  await menu(page, "Copier un lien vers ce labo");
  await toast(page, "Lien copié").waitFor();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  check(/#\/lab\?s=[A-Za-z0-9_-]+$/.test(link) && link.startsWith(scene.url()), `this is a link to the lab: ${link}`);
  const other = await (await scene.newContext()).newPage();
  await other.goto(link);
  await ready(other);
  same([await at(other), await known(other)], [3, 3], "what is done is shared, not what was undone");
  same(await log(other).innerText(), await log(page).innerText(), "the terminal");
  await until(() => other.locator(".cg__row.is-head").count(), "the graph is there");
  const head = (tab) => tab.locator(".cg__row.is-head .cg__h").innerText();
  same(await head(other), await head(page), "the commit");
  // It is a lab of its own: a reload finds what was done in it, and the free lab is untouched.
  await run(other, "echo ailleurs");
  await storedWith(other, "lab/free~", (text) => text.includes("ailleurs"), "it is saved under its own name");
  await other.reload();
  await ready(other);
  await shows(other, "ailleurs");
  await other.goto(scene.url("#/lab"));
  await until(async () => (await at(other)) === 0, "the free lab is empty");
  await other.goto(scene.url("#/lab?s=abc"));
  await toast(other, "ne contient pas un labo lisible").waitFor();
  await ready(other);
});

test("a link to a lesson's lab opens the lesson, and is no progress", CLIPBOARD, async (scene) => {
  const page = await scene.open(LESSON);
  await ready(page);
  await run(page, FIRST_STEP);
  await page.locator("#step-0.is-done").waitFor();
  await menu(page, "Copier un lien vers ce labo");
  await toast(page, "Lien copié").waitFor();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  const other = await (await scene.newContext()).newPage();
  await other.goto(link);
  await ready(other);
  await other.waitForSelector("#step-0");
  same(new URL(other.url()).hash.split("?")[0], LESSON, "address");
  await shows(other, "git init");
  await other.locator("#step-0.is-done").waitFor();
  await other.goto(scene.url("#/"));
  await other.getByText("Commencer par Git").waitFor();
});

test("a bug report has the transcript, the seed and the build", CLIPBOARD, async (scene) => {
  const page = await scene.open("#/lab");
  await ready(page);
  await run(page, "echo bizarre");
  await page.locator(".filetree").waitFor();
  await menu(page, "Copier un rapport de bug");
  await toast(page, "Rapport copié").waitFor();
  const report = await page.evaluate(() => navigator.clipboard.readText());
  const build = readFileSync(join(process.env.ESSAIM_DIST ?? join(out, "..", "..", "..", "dist"), "build.txt"), "utf8").trim();
  check(report.includes(build), `the build ${build} is in it: ${report}`);
  check(/^seed \d+$/m.test(report), "the seed is in it");
  check(/^\$ echo bizarre$/m.test(report), "the command is in it");
});
