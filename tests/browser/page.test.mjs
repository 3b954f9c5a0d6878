// The page itself: routes, languages, themes, keyboard, storage.

import { accessible } from "./axe.mjs";
import { check, same, test, until } from "./harness.mjs";
import { EMBED, LESSON, log, ready, run } from "./lab.mjs";

const ROUTES = ["#/", "#/c/fondations", "#/c/surveillance", LESSON, "#/lab", EMBED, "#/about", "#/nulle-part"];

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

test("at 320 px every button of the lab can be reached", { viewport: { width: 320, height: 860 } }, async (scene) => {
  const page = await scene.open("#/lab");
  await ready(page);
  await run(page, "git merge -q alerts; git merge report");
  await page.locator(".filetree").getByRole("button", { name: "README.md" }).click();
  await page.getByRole("button", { name: "Emporter README.md" }).waitFor();
  await page.locator("summary[aria-label='Fichiers et partage']").click();
  const outside = await page.evaluate(() => {
    const buttons = [...document.querySelectorAll("button, summary")].map((button) => [button, button.getBoundingClientRect()]);
    return buttons
      .filter(([, box]) => box.width > 0 && (box.left < 0 || box.right > innerWidth))
      .map(([button]) => button.getAttribute("aria-label") ?? button.textContent);
  });
  same(outside, []);
});

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

test("without storage the lab works and says that nothing is kept", { denyStorage: true }, async (scene) => {
  const page = await scene.open("#/lab");
  await page.getByText("Ce navigateur interdit").waitFor();
  await ready(page);
  await run(page, "echo quand même");
  check((await log(page).innerText()).includes("quand même"), "commands run");
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
