// The server's API. Addresses are relative to this file, so the page works below a path too.

const ROOT = new URL("../api/", import.meta.url);
/** After so long an answer is given up, in ms. A run with 50,000 requests takes a moment. */
const PATIENCE = 30_000;
/** A push brings some 50 tasks a second, and goes on when nobody waits for it. The server hangs up after 75 s. */
const PUSHING = 70_000;

/** Why there is no answer, in words. */
class ApiError extends Error {}

async function ask(path, parameters = {}, { patience = PATIENCE, ...options } = {}) {
  const url = new URL(path, ROOT);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, value);
  }
  let answer;
  try {
    answer = await fetch(url, { signal: AbortSignal.timeout(patience), cache: "no-store", ...options });
  } catch (error) {
    const why = error.name === "TimeoutError" ? `no answer within ${patience / 1000} s` : "the server does not answer";
    throw new ApiError(why);
  }
  let said = null;
  try {
    said = await answer.json();
  } catch {
    if (answer.ok && answer.status !== 204) throw new ApiError(`the answer of ${url.pathname} is not JSON`);
  }
  if (!answer.ok) throw new ApiError(said?.error ?? `the server answers ${answer.status} ${answer.statusText}`.trim());
  return said;
}

const change = (method, body) => ({
  method,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
const run = (id) => `benchmarks/${encodeURIComponent(id)}`;

/** Runs, newest first, without their requests and contents. */
export const runs = (limit, offset = 0) => ask("benchmarks", { limit, offset });

/** A run, without its requests. */
export const report = (id) => ask(run(id), { requests: false });

/** A run's requests. */
export const requests = async (id) => (await ask(run(id))).requests ?? [];

/** A run's prompts and answers; `filter`: search, model, gold. */
export const contents = (id, filter, offset, limit) => ask(`${run(id)}/contents`, { ...filter, offset, limit });

export const setGold = (id, request, gold) =>
  ask(`${run(id)}/contents/${encodeURIComponent(request)}/gold`, {}, change("PUT", { gold }));

export const pushToLabelStudio = (id, goldOnly) =>
  ask(`${run(id)}/label-studio`, {}, {
    ...change("POST", { gold_only: goldOnly }),
    patience: PUSHING,
  });

/** The address of a download of a run. */
export function download(id, file, goldOnly = false) {
  const url = new URL(`${run(id)}/${file}`, ROOT);
  if (goldOnly) url.searchParams.set("gold", "true");
  return url.href;
}

/** Live figures: `gpu`, `vllm` or `proxy`. With an `error` in words where they are not whole. */
export const metrics = (source) => ask(`metrics/${source}`);

let asked = null;
/** Where else to look; nothing, if the server does not say. Asked once. */
export function links() {
  asked ??= ask("links").then(
    (said) => said ?? {},
    () => ({}),
  );
  return asked;
}
