// Accessibility: axe-core over a page as it stands, under the page's own content policy.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Throws with each violation, its rule and its elements. `options` are those of `axe.run`. */
export async function accessible(page, options = {}) {
  // Through the debugger: a script element would rightly be refused by the page's policy.
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: `window.axe || (() => { ${source} })()` });
  await session.detach();
  const { violations } = await page.evaluate((wanted) => window.axe.run(document, wanted), {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    resultTypes: ["violations"],
    ...options,
  });
  if (violations.length === 0) return;
  const told = violations.map(({ id, impact, help, nodes }) => {
    const places = nodes.map((node) => `      ${node.target.join(" ")}\n        ${node.failureSummary.split("\n").join("\n        ")}`);
    return `  ${id} (${impact}): ${help}\n${places.join("\n")}`;
  });
  throw new Error(`axe found ${violations.length} violations at ${page.url()}:\n${told.join("\n")}`);
}
