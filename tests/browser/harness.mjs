// What every browser test stands on: the built site, served the way a strict host would serve it,
// and a real Chromium whose every complaint is a failure.

import { createServer } from "node:http";
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { delimiter, dirname, extname, join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const here = dirname(fileURLToPath(import.meta.url));
export const out = join(here, "out");

/** The site under test: `ESSAIM_DIST`, else `dist/` of the checkout. */
export const dist = process.env.ESSAIM_DIST ?? join(here, "..", "..", "dist");

/** The site lives in a folder of a larger server, as on a school's web space. */
export const base = "/cours/essaim/";

/** The same policy as `cargo xtask serve`: no inline script, no inline style, no eval of text. */
export const policy = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "worker-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
].join("; ");

const mediaTypes = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".wasm": "application/wasm",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
};

/**
 * Serves a folder under `base` on a free loopback port.
 * `pages` maps whole paths to HTML of the test's own (a page of an LMS that embeds the course);
 * these are served without the policy. `gone` makes paths answer 404 (a file lost in a release).
 */
export async function serve(folder = dist, { pages = {}, gone = () => false } = {}) {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    if (path in pages) {
      response.writeHead(200, { "Content-Type": mediaTypes[".html"], "Cache-Control": "no-store" });
      response.end(pages[path]);
      return;
    }
    const file = fileOf(folder, path);
    if (!file || gone(path)) {
      response.writeHead(404, { "Content-Type": "text/plain" });
      response.end("404");
      return;
    }
    response.writeHead(200, {
      "Content-Type": mediaTypes[extname(file)] ?? "application/octet-stream",
      "Content-Security-Policy": policy,
      "X-Content-Type-Options": "nosniff",
      "Cache-Control": "no-store",
    });
    response.end(readFileSync(file));
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const origin = `http://localhost:${server.address().port}`;
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { origin, url: origin + base, close };
}

function fileOf(folder, path) {
  if (!path.startsWith(base)) return null;
  const inner = normalize(path.slice(base.length));
  if (inner.startsWith("..") || inner.startsWith(sep)) return null;
  let file = join(folder, inner);
  if (existsSync(file) && statSync(file).isDirectory()) file = join(file, "index.html");
  return existsSync(file) ? file : null;
}

/** The path of a Chromium: `ESSAIM_CHROMIUM`, else the first found on PATH. */
export function findChromium() {
  if (process.env.ESSAIM_CHROMIUM) return process.env.ESSAIM_CHROMIUM;
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    for (const name of names) if (existsSync(join(folder, name))) return join(folder, name);
  }
  throw new Error("no Chromium was found: run `cargo xtask setup`, or set ESSAIM_CHROMIUM");
}

/** Starts Chromium with a new, empty profile. */
export function launch() {
  return chromium.launch({
    executablePath: findChromium(),
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

const tests = [];

/**
 * Registers a test. `body` receives a `Scene`. Options: `timeout` in milliseconds, and those of
 * `Scene.newContext` for the context it starts with.
 */
export function test(name, options, body) {
  if (typeof options === "function") [options, body] = [{}, options];
  if (tests.some((known) => known.name === name)) throw new Error(`two tests are named "${name}"`);
  tests.push({ name, options, body });
}

export const registered = () => tests;

/** What one test has: a server, a browser context of its own, and what went wrong in it. */
export class Scene {
  constructor(browser, site, options) {
    this.browser = browser;
    this.site = site;
    this.options = options;
    this.complaints = [];
    this.allowed = [];
    this.closers = [];
  }

  /** The address of a route: `url("#/lab")`. */
  url(route = "") {
    return this.site.url + route;
  }

  /** Complaints that match are expected by this test; each must then really occur. */
  allow(pattern) {
    this.allowed.push({ pattern, seen: false });
  }

  /**
   * A new browser profile. Options: `viewport`, `colorScheme`, `reducedMotion`, `locale`,
   * `denyStorage` (every storage throws, as in a sandboxed frame), `permissions`.
   */
  async newContext(options = {}) {
    const { denyStorage, permissions, viewport, colorScheme, reducedMotion, locale } = { ...this.options, ...options };
    const context = await this.browser.newContext({
      viewport: viewport ?? { width: 1280, height: 800 },
      colorScheme: colorScheme ?? "light",
      reducedMotion: reducedMotion ?? "reduce",
      locale: locale ?? "fr-FR",
      timezoneId: "Europe/Paris",
      permissions: permissions ?? [],
      serviceWorkers: "block",
    });
    this.closers.push(() => context.close());
    context.setDefaultTimeout(15_000);
    await context.addInitScript(watchPolicy);
    if (denyStorage) await context.addInitScript(refuseStorage);
    context.on("weberror", (error) => this.complain(`uncaught: ${error.error()?.stack ?? error.error()}`));
    context.on("console", (message) => {
      if (message.type() === "error" || (message.type() === "warning" && isOurs(message.text()))) {
        this.complain(`console.${message.type()}: ${message.text()} (${message.location().url})`);
      }
    });
    context.on("requestfailed", (request) => {
      const why = request.failure()?.errorText ?? "";
      // A page that is left or a worker that is ended drops what it was loading.
      if (!why.includes("ERR_ABORTED")) this.complain(`request failed: ${request.url()} ${why}`);
    });
    context.on("request", (request) => {
      const local = /^(http:\/\/(localhost|127\.0\.0\.1):|data:|blob:)/.test(request.url());
      if (!local) this.complain(`a request left the machine: ${request.url()}`);
    });
    return context;
  }

  /** A page of the test's own context, made at the first call. */
  async page() {
    this.context ??= await this.newContext();
    return this.context.newPage();
  }

  /** Opens a route in a new page. */
  async open(route = "") {
    const page = await this.page();
    await page.goto(this.url(route));
    return page;
  }

  complain(text) {
    const known = this.allowed.find(({ pattern }) => (pattern instanceof RegExp ? pattern.test(text) : text.includes(pattern)));
    if (known) known.seen = true;
    else this.complaints.push(text);
  }

  /** Throws if anything went wrong that the test did not foresee. */
  verdict() {
    const missing = this.allowed.filter(({ seen }) => !seen).map(({ pattern }) => `expected, but never said: ${pattern}`);
    const all = [...this.complaints, ...missing];
    if (all.length > 0) throw new Error(`the page complained:\n  ${all.join("\n  ")}`);
  }

  async screenshot(name) {
    mkdirSync(out, { recursive: true });
    const pages = this.context?.pages() ?? [];
    await pages.at(-1)?.screenshot({ path: join(out, `${name.replace(/[^\p{L}\p{N}]+/gu, "-")}.png`), timeout: 5_000 });
  }

  async close() {
    for (const close of this.closers.reverse()) await close().catch(() => {});
  }
}

const isOurs = (text) => /panicked|integrity|preload|deprecated/i.test(text);

function watchPolicy() {
  document.addEventListener("securitypolicyviolation", (event) => {
    console.error(`content policy: ${event.effectiveDirective} refused ${event.blockedURI} at ${event.sourceFile}:${event.lineNumber}`);
  });
}

function refuseStorage() {
  const refuse = () => {
    throw new DOMException("storage is denied by the test", "SecurityError");
  };
  for (const name of ["localStorage", "sessionStorage", "indexedDB", "caches"]) {
    Object.defineProperty(globalThis, name, { get: refuse, configurable: true });
  }
}

/** Fails unless a value is what was expected. */
export function same(found, expected, about = "value") {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${about}: found ${a}, expected ${b}`);
}

/** Fails with a sentence unless a condition holds. */
export function check(condition, sentence) {
  if (!condition) throw new Error(sentence);
}

/** Waits until a function of the test gives something true; fails with a sentence. */
export async function until(condition, sentence, milliseconds = 10_000) {
  const end = Date.now() + milliseconds;
  for (;;) {
    const result = await condition();
    if (result) return result;
    if (Date.now() > end) throw new Error(`in ${milliseconds} ms it never held that ${sentence}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
