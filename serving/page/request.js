// What is searched for: kept in the address, so that a search can be shared, and sent to POST v1/search.

const SIZE = 10;
const FACETS = 10;
const PATIENCE_MS = 30_000;
const KEY = "distilrank-key";

/** The search that an address asks for: {query, size, from, window (null: the server's), filters: {field: [values]}}. */
export function readAddress(search) {
  const asked = new URLSearchParams(search);
  const filters = {};
  for (const [name, value] of asked) {
    if (!name.startsWith("f.")) continue;
    const field = name.slice(2);
    filters[field] = [...new Set([...(filters[field] ?? []), value])];
  }
  return {
    query: asked.get("q") ?? "",
    size: whole(asked.get("size")) ?? SIZE,
    from: whole(asked.get("from")) ?? 0,
    window: whole(asked.get("window")),
    filters,
  };
}

/** The address of a search, what is usual left out. */
export function writeAddress(search) {
  const asked = new URLSearchParams();
  if (search.query) asked.set("q", search.query);
  if (search.size !== SIZE) asked.set("size", search.size);
  if (search.window !== null) asked.set("window", search.window);
  for (const [field, values] of Object.entries(search.filters)) {
    for (const value of values) asked.append(`f.${field}`, value);
  }
  if (search.from) asked.set("from", search.from);
  const text = asked.toString();
  return text ? `?${text}` : "./";
}

/** What went wrong, for people: a message, and what an operator needs to find it. */
export class SearchError extends Error {
  constructor(message, { status = 0, requestId = null, retryAfter = null, keyless = false } = {}) {
    super(message);
    Object.assign(this, { status, requestId, retryAfter, keyless });
  }
}

/** Ask the server; `facets` names the fields whose values are to be counted. Throws SearchError, or AbortError. */
export function ask(search, facets, signal) {
  const body = { query: search.query, size: search.size, from: search.from, facets, explain: true };
  if (search.window !== null) body.window = search.window;
  if (Object.keys(search.filters).length) body.filters = search.filters;
  return send("v1/search", { method: "POST", body: JSON.stringify(body), signal });
}

/** Searches to try and fields to filter by; a server that offers none is no error. */
export async function offers() {
  try {
    const { queries, facets } = await send("v1/examples", {});
    // A server with keys tells strangers nothing, and its fields to those who have one.
    return { queries, facets: facets.length ? facets : (await send("v1/info", {})).fields.slice(0, FACETS) };
  } catch {
    return { queries: [], facets: [] };
  }
}

/** The key to send along, kept for this tab alone. */
export const rememberKey = (key) => sessionStorage.setItem(KEY, key);

async function send(path, { method = "GET", body = null, signal = null }) {
  const headers = { Accept: "application/json" };
  if (body) headers["Content-Type"] = "application/json";
  const key = sessionStorage.getItem(KEY);
  if (key) headers.Authorization = `Bearer ${key}`;
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const signals = signal ? AbortSignal.any([signal, patience]) : patience;
  let response, text;
  try {
    response = await fetch(path, { method, body, headers, signal: signals });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    if (patience.aborted) throw new SearchError(`The server has not answered for ${PATIENCE_MS / 1000} seconds.`);
    throw new SearchError("The server cannot be reached.");
  }
  const answer = parsed(text);
  if (response.ok && answer !== null) return answer;
  throw new SearchError(answer?.error?.message ?? "The server gave an answer that this page cannot read.", {
    status: response.status,
    requestId: answer?.request_id ?? response.headers.get("X-Request-Id"),
    retryAfter: whole(response.headers.get("Retry-After")),
    keyless: response.status === 401 && !key,
  });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function whole(text) {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : null;
}
