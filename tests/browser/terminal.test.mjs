// The terminal: its keys, what is pasted, what is interrupted, the row of keys of phones, several at once.

import { check, same, test, until } from "./harness.mjs";
import { at, field, known, log, prompt, ready, run, shows, toast, type } from "./lab.mjs";

const PHONE = { width: 420, height: 860 };

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

test("a line typed while the editor is open stays, and says what is waited for", async (scene) => {
  const page = await scene.open("#/lab");
  await ready(page);
  await type(page, "nano note.txt");
  await page.getByRole("button", { name: "Abandonner" }).waitFor();
  await type(page, "ls");
  await toast(page, "note.txt attend que vous finissiez ce fichier").waitFor();
  same(await field(page).inputValue(), "ls");
  await page.getByRole("button", { name: "Abandonner" }).click();
  await prompt(page);
  await field(page).press("Enter");
  await shows(page, "README.md");
  same(await field(page).inputValue(), "");
});

test("letters typed behind Enter are the next line", async (scene) => {
  const page = await scene.open("#/lab");
  await ready(page);
  await field(page).focus();
  await page.keyboard.type("echo un\necho deux\necho trois\nech");
  await shows(page, "trois");
  await until(async () => (await field(page).inputValue()) === "ech", "what was typed since is in the line");
  check((await log(page).innerText()).includes("un\n"), "each line ran");
});

test("Alt-. brings the last argument, Alt-Backspace takes a word", async (scene) => {
  const page = await scene.open("#/lab");
  await ready(page);
  await run(page, "mkdir -p a/bien-long");
  await field(page).fill("ls ");
  await field(page).press("Alt+.");
  same(await field(page).inputValue(), "ls a/bien-long");
  await field(page).press("Alt+Backspace");
  same(await field(page).inputValue(), "ls a/bien-");
  await field(page).press("Control+y");
  same(await field(page).inputValue(), "ls a/bien-long");
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

test("Ctrl-R goes back through the matches, Enter runs one, Ctrl-G gives the line back", async (scene) => {
  const page = await scene.open("#/lab");
  await ready(page);
  for (const command of ["echo alpha", "echo beta", "true"]) await run(page, command);
  await field(page).fill("brouillon");
  await field(page).press("Control+r");
  await page.keyboard.type("ech");
  same(await field(page).inputValue(), "echo beta");
  await field(page).press("Control+r");
  same(await field(page).inputValue(), "echo alpha");
  check((await page.locator(".term__ps").innerText()).includes("`ech'"), "what is searched for is shown");
  await field(page).press("Control+g");
  same(await field(page).inputValue(), "brouillon");
  await field(page).press("Control+r");
  await page.keyboard.type("alp");
  const before = await known(page);
  await field(page).press("Enter");
  await until(async () => (await known(page)) > before, "the found command runs");
  check((await log(page).innerText()).trim().endsWith("alpha"), "its output is there");
});

for (const [command, what] of [
  ["while true; do :; done", "an endless loop"],
  ["cat", "a command that reads"],
]) {
  test(`Ctrl-C stops ${what}`, async (scene) => {
    const page = await scene.open("#/lab");
    await ready(page);
    await run(page, "echo avant");
    await type(page, command);
    await until(async () => !(await page.locator(".term__ps").innerText()).includes("$"), `\`${command}\` runs`);
    await field(page).press("Control+c");
    await prompt(page);
    await shows(page, "^C");
    await run(page, "echo code $?");
    await shows(page, "code 130");
    check(!(await page.getByText("dans le passé").count()), "this is the present");
  });
}

test("sleep takes the lab's time, not the learner's", async (scene) => {
  const page = await scene.open("#/lab");
  await ready(page);
  const started = Date.now();
  await run(page, "sleep 100");
  check(Date.now() - started < 5_000, "the prompt is back at once");
  same(await page.locator(".tl-clock b").innerText(), "00:02:00", "a command's 20 s and its own 100");
  await field(page).fill("à moitié tapé");
  await field(page).press("Control+c");
  same(await field(page).inputValue(), "");
  await run(page, "echo suite");
  await shows(page, "suite");
});

test("an endless loop ends at its limit, with a sentence, and nothing is lost", { timeout: 90_000 }, async (scene) => {
  const page = await scene.open("#/lab");
  await ready(page);
  await run(page, "echo avant > f");
  await type(page, "while true; do :; done");
  await toast(page, "limite du labo").waitFor({ timeout: 60_000 });
  await prompt(page);
  await run(page, "cat f");
  check((await log(page).innerText()).trim().endsWith("avant"), "the file is still there");
});

test("pasted lines run one by one, and what has no end stays to be confirmed", async (scene) => {
  const page = await scene.open("#/lab");
  await ready(page);
  await field(page).focus();
  await page.evaluate((text) => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
    document.querySelector(".term__field").dispatchEvent(event);
  }, "echo un > f\r\nfor i in 1 2; do\n  echo tour $i >> f\ndone\ncat f\necho pas encore");
  await toast(page, "5 lignes collées").waitFor();
  await shows(page, "un\ntour 1\ntour 2");
  same(await field(page).inputValue(), "echo pas encore");
  check(!(await log(page).innerText()).includes("pas encore"), "the last line waits");
});

test("a phone has its keys: Tab, Ctrl, Esc and the arrows", { viewport: PHONE }, async (scene) => {
  const page = await scene.open("#/lab");
  await ready(page);
  const key = (name) => page.locator(".tkeys").getByRole("button", { name, exact: true });
  const boxes = await Promise.all(["Tab", "Ctrl", "Escape", "ArrowUp", "ArrowDown"].map((name) => key(name).boundingBox()));
  check(boxes.every((box) => box.height >= 32 && box.x >= 0 && box.x + box.width <= PHONE.width), "each can be touched");
  await run(page, `echo ${"long ".repeat(30)}`);
  const over = await page.locator(".a-term .panel__body").evaluate((body) => body.scrollWidth - body.clientWidth);
  check(over <= 0, `long lines are folded, not ${over} px out of sight`);
  await run(page, "echo un");
  await key("ArrowUp").click();
  same(await field(page).inputValue(), "echo un");
  await key("ArrowDown").click();
  same(await field(page).inputValue(), "");
  await field(page).fill("ech");
  await key("Tab").click();
  await until(async () => (await field(page).inputValue()) === "echo ", "Tab completes");
  // A hard key after Ctrl; then a letter as phones send it, without its key.
  await key("Ctrl").click();
  same(await key("Ctrl").getAttribute("aria-pressed"), "true");
  await page.keyboard.press("u");
  same(await field(page).inputValue(), "");
  same(await key("Ctrl").getAttribute("aria-pressed"), "false");
  await field(page).fill("echo debout");
  await key("Ctrl").click();
  await page.keyboard.insertText("a");
  same(await field(page).inputValue(), "echo debout");
  same(await field(page).evaluate((f) => f.selectionStart), 0);
  await field(page).fill("");
  await type(page, "while true; do :; done");
  await until(async () => !(await page.locator(".term__ps").innerText()).includes("$"), "it runs");
  await key("Ctrl").click();
  await page.keyboard.insertText("c");
  await prompt(page);
  await field(page).fill("git ");
  await key("Tab").click();
  await page.locator(".term__choices span").first().waitFor();
  await key("Escape").click();
  same(await page.locator(".term__choices span").count(), 0, "choices after Esc");
});

test("several terminals: a job in one, its files in the other, each with its own folder and history", async (scene) => {
  const page = await scene.open("#/lab");
  await ready(page);
  await run(page, "mkdir -p d; cd d");
  await run(page, "sleep 300 && echo fini > marque &");
  await run(page, "jobs");
  await shows(page, "Running");
  await page.getByRole("button", { name: "Nouveau terminal" }).click();
  await page.getByRole("tab", { name: "bash 2" }).waitFor();
  await until(() => page.evaluate(() => document.activeElement?.classList.contains("term__field")), "the new line has the focus");
  await prompt(page);
  same((await page.locator(".a-term .panel__meta").innerText()).includes("/d"), false, "the new one is in the first's folder");
  await field(page).press("ArrowUp");
  same(await field(page).inputValue(), "", "its history is empty");
  await run(page, "cd ~/capteurs; jobs; ls d/marque");
  await shows(page, "cannot access 'd/marque'");
  check(!(await log(page).innerText()).includes("Running"), "the job is the first terminal's");
  await run(page, "sleep 300; cat d/marque");
  await shows(page, "fini");
  await run(page, "echo autre > d/autre");
  // By keyboard: the tabs are one stop, arrows move.
  await page.getByRole("tab", { name: "bash 2" }).focus();
  await page.keyboard.press("ArrowLeft");
  same(await page.getByRole("tab", { name: "bash", exact: true }).getAttribute("aria-selected"), "true");
  await run(page, "cat autre marque");
  await shows(page, "autre\nfini");
  // Undone to before it was opened, the second one is gone; redone, it is back.
  await page.locator(".tl__rail").focus();
  await page.keyboard.press("Home");
  await until(async () => (await at(page)) === 0, "the start is back");
  await until(async () => (await page.locator(".a-term [role=tab]").count()) === 1, "one terminal is left");
  await page.locator(".tl__rail").focus();
  await page.keyboard.press("End");
  await page.getByRole("tab", { name: "bash 2" }).click();
  await shows(page, "fini");
});

test("a terminal that was left says so", async (scene) => {
  const page = await scene.open("#/lab");
  await ready(page);
  await run(page, "exit");
  await page.getByText("Ce terminal est fermé").waitFor();
  await page.getByRole("button", { name: "Annuler la dernière commande" }).click();
  await prompt(page);
  same(await page.getByText("Ce terminal est fermé").count(), 0);
});
