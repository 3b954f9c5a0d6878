// What tests of a lab have in common: its line, its log, its place in time, what is stored of it.

import { readFileSync } from "node:fs";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { until } from "./harness.mjs";

export const LESSON = "#/l/fondations/git/commits-branches-merges";
export const EMBED = "#/embed/fondations/git/commits-branches-merges";

/** What passes the lesson's first step, in one command. */
export const FIRST_STEP = "git init -q; printf 'data/\\nout/\\n*.env\\n' > .gitignore; git add .; git commit -q -m un";

export const field = (page) => page.locator(".term__field");
export const log = (page) => page.locator(".term__log");
/** The lines of the log that are not empty. */
export const lines = async (page) => (await log(page).innerText()).replace(/\n+/g, "\n");
export const toast = (page, text) => page.locator(".toast", { hasText: text });
export const at = async (page) => Number(await page.locator(".tl__rail").getAttribute("aria-valuenow"));
export const known = async (page) => Number(await page.locator(".tl__rail").getAttribute("aria-valuemax"));

/** Waits for a lab that takes commands. */
export async function ready(page) {
  await page.waitForSelector(".term__field", { state: "attached" });
  await page.waitForSelector(".term__wait", { state: "detached", timeout: 20_000 });
  await prompt(page);
}

/** Waits for a prompt in the terminal in front. */
export const prompt = (page) =>
  until(() => page.locator(".term__ps").innerText().then((text) => text.includes("$")), "the prompt is there", 20_000);

/** Types a line in the terminal in front. */
export async function type(page, line) {
  await field(page).fill(line);
  await field(page).press("Enter");
}

/** Types a command and waits until it is on the timeline. */
export async function run(page, command) {
  const before = await known(page);
  await type(page, command);
  await until(async () => (await known(page)) !== before, `\`${command}\` is done`);
}

/** Waits until the log holds a text. */
export const shows = (page, text) =>
  until(async () => (await lines(page)).includes(text), `the terminal shows "${text}"`);

/** An entry of the menu of the lab as a whole. */
export async function menu(page, name) {
  await page.locator("summary[aria-label='Fichiers et partage']").click();
  await page.getByRole("button", { name }).click();
}

/** The bytes of the file that an act offers, and its name. */
export async function downloaded(page, act) {
  const waiting = page.waitForEvent("download");
  await act();
  const download = await waiting;
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}

/** What IndexedDB holds under the keys with that beginning. */
export function stored(page, prefix) {
  return page.evaluate(
    (wanted) =>
      new Promise((resolve) => {
        const opening = indexedDB.open("essaim");
        opening.onsuccess = () => {
          const store = opening.result.transaction("records").objectStore("records");
          const asking = store.getAll(IDBKeyRange.bound(wanted, `${wanted}\uffff`));
          asking.onsuccess = () => {
            opening.result.close();
            resolve(asking.result);
          };
        };
      }),
    prefix,
  );
}

/** Waits until what is stored under a key satisfies a test. */
export const storedWith = (page, prefix, test, sentence) =>
  until(async () => (await stored(page, prefix)).some(test), sentence);

/** The files of a zip: path to { text, mode }. Read by its central directory, as any tool does. */
export function unzip(bytes) {
  const end = bytes.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
  if (end < 0) throw new Error("this is no zip");
  const files = {};
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left -= 1) {
    if (bytes.readUInt32LE(at) !== 0x02014b50) throw new Error("the directory of the zip is broken");
    const [method, packed] = [bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 20)];
    const [name, extra, comment] = [28, 30, 32].map((place) => bytes.readUInt16LE(at + place));
    const local = bytes.readUInt32LE(at + 42);
    const from = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const data = bytes.subarray(from, from + packed);
    const path = bytes.subarray(at + 46, at + 46 + name).toString();
    const content = method === 8 ? inflateRawSync(data) : data;
    files[path] = { text: content.toString(), mode: (bytes.readUInt32LE(at + 38) >>> 16) & 0o777 };
    at += 46 + name + extra + comment;
  }
  return files;
}

/** A zip with deflated entries, as common tools write them. */
export function zip(files) {
  const [bodies, directory] = [[], []];
  let offset = 0;
  for (const [path, text] of Object.entries(files)) {
    const [name, data] = [Buffer.from(path), Buffer.from(text)];
    const packed = deflateRawSync(data);
    const common = Buffer.alloc(26);
    for (const [value, place] of [[20, 0], [0x800, 2], [8, 4], [name.length, 22]]) common.writeUInt16LE(value, place);
    for (const [value, place] of [[crc32(data), 10], [packed.length, 14], [data.length, 18]]) common.writeUInt32LE(value, place);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\x00", "latin1"), common, tail, name);
    bodies.push(Buffer.from("PK\x03\x04", "latin1"), common, name, packed);
    offset += 30 + name.length + packed.length;
  }
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  const length = Buffer.concat(directory).length;
  for (const place of [8, 10]) end.writeUInt16LE(Object.keys(files).length, place);
  end.writeUInt32LE(length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, ...directory, end]);
}

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
