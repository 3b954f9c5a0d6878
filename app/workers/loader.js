// Starts one worker bundle: loader.js?name=base&v=<build id>.
// File names of workers are not hashed, so both the script and the Wasm are asked for under
// the build id. Messages that arrive before the engine listens are kept for it.
const here = new URL(import.meta.url);
const name = here.searchParams.get("name");
const version = here.searchParams.get("v");
self.essaimBuild = version; // the engine says it back in its first answer
const file = (end) => new URL(`essaim-worker-${name}${end}?v=${version}`, here).href;

self.essaimBuild = version;

const early = [];
self.onmessage = (event) => early.push(event);

// Counts the bytes as they pass, so that a slow line sees a bar move.
const counted = (response) => {
  const total = Number(response.headers.get("content-length"));
  if (!response.body || !total || response.headers.get("content-encoding")) return response;
  let seen = 0;
  const count = new TransformStream({
    transform(chunk, out) {
      seen += chunk.byteLength;
      self.postMessage({ loading: Math.min(seen / total, 1) });
      out.enqueue(chunk);
    },
  });
  return new Response(response.body.pipeThrough(count), { headers: response.headers });
};

try {
  self.postMessage({ loading: 0 });
  const [engine, response] = await Promise.all([import(file(".js")), fetch(file("_bg.wasm"))]);
  if (!response.ok) throw new Error(`the engine answers ${response.status}`);
  await engine.default({ module_or_path: counted(response) });
  self.postMessage({ loaded: true });
  for (const event of early) self.onmessage(event);
} catch (error) {
  self.postMessage({ failed: String(error) });
}
