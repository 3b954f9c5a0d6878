// The page itself: routes, languages, themes, keyboard, storage, and the lab's own time.

import { accessible } from "./axe.mjs";
import { check, same, test, until } from "./harness.mjs";

const LESSON = "#/l/fondations/git/commits-branches-merges";
const EMBED = "#/embed/fondations/git/commits-branches-merges";
const ROUTES = ["#/", "#/c/fondations", "#/c/surveillance", LESSON, "#/lab", EMBED, "#/about", "#/nulle-part"];

const field = (page) => page.locator(".term__field");
const log = (page) => page.locator(".term__log");

/** Waits for a lab that takes commands. */
async function ready(page) {
  await page.waitForSelector(".term__field", { state: "attached" });
  await page.waitForSelector(".term__wait", { state: "detached", timeout: 20_000 });
  await until(() => page.locator(".term__ps").innerText().then((text) => text.includes("$")), "the prompt is there", 20_000);
}

/** Types a command and waits until its prompt is back. */
async function run(page, command) {
  const before = await page.locator(".tl__rail").getAttribute("aria-valuemax");
  await field(page).fill(command);
  await field(page).press("Enter");
  await until(async () => (await page.locator(".tl__rail").getAttribute("aria-valuemax")) !== before, `\`${command}\` is done`);
}

const at = async (page) => Number(await page.locator(".tl__rail").getAttribute("aria-valuenow"));

test("something readable is painted before Wasm", async (scene) => {
  scene.allow(/request failed|ERR_FAILED|Failed to fetch|Failed to load/i);
  const page = await scene.page();
  await page.route("**/*.wasm", (route) => route.abort());
  await page.goto(scene.url());
  check((await page.locator("h1").innerText()).length > 10, "a title stands in the page");
  check((await page.locator(".lede").innerText()).length > 60, "a first paragraph stands in the page");
  same(await page.locator("html").getAttribute("lang"), "fr");
});

for (const colorScheme of ["light", "dark"]) {
  for (const route of ROUTES) {
    test(`no barrier on ${route} (${colorScheme})`, { colorScheme }, async (scene) => {
      const page = await scene.open(route);
      await page.waitForSelector("#contenu h1");
      if (await page.locator(".term").count()) await ready(page);
      await accessible(page);
    });
  }
}

for (const width of [1440, 1100, 768, 420, 320]) {
  test(`nothing leaves the screen at ${width} px`, { viewport: { width, height: 860 } }, async (scene) => {
    const page = await scene.page();
    for (const route of ROUTES) {
      await page.goto(scene.url(route));
      await page.waitForSelector("#contenu h1", { state: "attached" });
      const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      check(over <= 0, `${route} is ${over} px wider than the screen`);
    }
  });
}

test("the map tells all chapters and what is to come", async (scene) => {
  const page = await scene.open("#/");
  await page.waitForSelector(".chap");
  same(await page.locator(".chap").count(), 9, "chapters");
  same(await page.locator(".mod").count(), 15, "modules");
  same(await page.locator(".mod li").count(), 44, "points");
  check((await page.locator(".mod .tag", { hasText: "À venir" }).count()) >= 14, "modules that are not built say so");
  await page.goto(scene.url("#/l/architectures/kafka/deploiement"));
  await page.waitForSelector(".point");
  check(await page.locator(".tag", { hasText: "À venir" }).first().isVisible(), "a lesson to come leads to its chapter");
});

test("a deep link opens the lesson, and its title follows the language", async (scene) => {
  const page = await scene.open(LESSON);
  await ready(page);
  same(await page.title(), "Concepts de base\u202f: commits, branches, merges — Essaim");
  await run(page, "echo gardé");
  const typed = await log(page).innerText();
  await page.getByRole("button", { name: "EN", exact: true }).click();
  await until(async () => (await page.title()).startsWith("The basics"), "the title is in English");
  await until(() => page.locator(".prose[lang=en]").count(), "the text is in English");
  same(await page.locator("html").getAttribute("lang"), "en");
  same(await log(page).innerText(), typed, "the lab is what it was");
});

test("the terminal edits, recalls and searches", async (scene) => {
  const page = await scene.open("#/lab");
  await ready(page);
  await run(page, "echo un");
  await run(page, "echo deux");
  await field(page).press("ArrowUp");
  same(await field(page).inputValue(), "echo deux");
  await field(page).press("ArrowUp");
  same(await field(page).inputValue(), "echo un");
  await field(page).press("ArrowDown");
  await field(page).press("Control+a");
  await field(page).press("Control+k");
  same(await field(page).inputValue(), "");
  await field(page).press("Control+r");
  await page.keyboard.type("un");
  same(await field(page).inputValue(), "echo un");
  await page.keyboard.press("Escape");
  await field(page).press("Control+u");
  await field(page).fill("ech");
  await field(page).press("Tab");
  await until(async () => (await field(page).inputValue()) === "echo ", "Tab completes");
  await field(page).press("Control+c");
  same(await field(page).inputValue(), "");
  check((await log(page).innerText()).includes("deux"), "the output is in the log");
});

test("Tab leaves an empty line, Escape then Tab leaves any", async (scene) => {
  const page = await scene.open("#/lab");
  await ready(page);
  const inside = () => page.evaluate(() => document.activeElement?.classList.contains("term__field"));
  await field(page).focus();
  await page.keyboard.press("Tab");
  same(await inside(), false, "in the terminal");
  await field(page).fill("git st");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Tab");
  same(await inside(), false, "in the terminal");
});

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

test("a reload finds the lab as it was", async (scene) => {
  const page = await scene.open(LESSON);
  await ready(page);
  await run(page, "git init");
  await run(page, "echo souvenir");
  await until(() => stored(page, "lab/").then((text) => text?.includes("souvenir")), "the lab is saved");
  await page.reload();
  await ready(page);
  check((await log(page).innerText()).includes("souvenir"), "the log is back");
  same(await at(page), 2);
});

test("of two tabs one saves, and the other may take over", async (scene) => {
  const page = await scene.open("#/lab");
  await ready(page);
  const second = await scene.page();
  await second.goto(scene.url("#/lab"));
  await ready(second);
  await second.getByText("ouvert dans un autre onglet").waitFor();
  await second.getByRole("button", { name: "Enregistrer plutôt ici" }).click();
  await second.getByText("ouvert dans un autre onglet").waitFor({ state: "detached" });
  await run(page, "echo perdu");
  await page.getByText("ouvert dans un autre onglet").waitFor();
});

test("without storage the lab works and says that nothing is kept", { denyStorage: true }, async (scene) => {
  const page = await scene.open("#/lab");
  await page.getByText("Ce navigateur interdit").waitFor();
  await ready(page);
  await run(page, "echo quand même");
  check((await log(page).innerText()).includes("quand même"), "commands run");
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

test("help, skip link and focus need no mouse", async (scene) => {
  const page = await scene.open("#/");
  await page.waitForSelector("#contenu h1");
  await page.keyboard.press("Tab");
  same(await page.evaluate(() => document.activeElement?.className), "skip");
  await page.keyboard.press("Enter");
  same(await page.evaluate(() => document.activeElement?.id), "contenu");
  await page.keyboard.press("?");
  await page.getByRole("heading", { name: "Tout au clavier" }).waitFor();
  await accessible(page);
  await page.keyboard.press("Escape");
  await until(() => page.locator("dialog[open]").count().then((n) => n === 0), "the help is closed");
});

test("an embedded exercise fits 420 px and tells its height", { viewport: { width: 420, height: 900 } }, async (scene) => {
  const page = await scene.open(EMBED);
  await ready(page);
  await run(page, "git init");
  check(await page.locator(".timeline--c").isVisible(), "the compact bar of time is there");
  check((await page.locator("header.topbar").count()) === 0, "there is no header");
});

test("progress goes out as a file and comes back", async (scene) => {
  const page = await scene.open(LESSON);
  await ready(page);
  await page.goto(scene.url("#/about"));
  const waiting = page.waitForEvent("download");
  await page.getByRole("button", { name: "Exporter ma progression" }).click();
  const file = await (await waiting).path();
  const choosing = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Importer" }).click();
  await (await choosing).setFiles(file);
  await page.locator(".toast", { hasText: "Progression importée" }).waitFor();
});

/** What IndexedDB holds under the first key with that beginning. */
function stored(page, prefix) {
  return page.evaluate(
    (wanted) =>
      new Promise((resolve) => {
        const opening = indexedDB.open("essaim");
        opening.onsuccess = () => {
          const store = opening.result.transaction("records").objectStore("records");
          const range = IDBKeyRange.bound(wanted, `${wanted}\uffff`);
          const asking = store.getAll(range);
          asking.onsuccess = () => {
            opening.result.close();
            resolve(asking.result[0]);
          };
        };
      }),
    prefix,
  );
}
