/** The HTTP API of the daemon that served this page. */

/** One thing wrong with a request: the field (dotted, indexes in brackets) and what to do. */
export interface Fault {
  field: string;
  reason: string;
}

export class ApiError extends Error {
  /** `status` is 0 when no answer came. `code` is the stable code of the problem. */
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly retryAfterS: number | null = null,
    readonly faults: Fault[] = [],
  ) {
    super(detail);
  }
}

const DEADLINE_MS = 15_000;
/** Nobody asked for it: the server does not count it as a sign of life. */
const BACKGROUND = { "X-LeadBoost-Background": "1" };
let onSignedOut: () => void = () => {};

/** Call `listener` whenever the server says that nobody is signed in. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

/** Send a request that a person made; answers with the parsed body. Throws ApiError. */
export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  return parsed<T>(path, await send(method, path, {}, body));
}

/** Have something done once: sent again under the same key, it gets the same answer. Throws ApiError. */
export async function callOnce<T>(key: string, path: string, body: unknown): Promise<T> {
  return parsed<T>(path, await send("POST", path, { "Idempotency-Key": key }, body));
}

/** Read what the page keeps fresh by itself. Throws ApiError. */
export async function poll<T>(path: string): Promise<T> {
  return parsed<T>(path, await send("GET", path, BACKGROUND));
}

/** Read `GET /health`, which carries its report with 503 too. Throws ApiError when no answer comes. */
export async function readHealth<T>(): Promise<T> {
  const response = await send("GET", "/health", BACKGROUND);
  const reply: unknown = await response.json().catch(() => null);
  if (reply === null) throw new ApiError(response.status, "http_error", response.statusText);
  return reply as T;
}

/** Tell the server that somebody is there, who is signed out where the login is over. */
export async function showLife(): Promise<void> {
  await call("GET", "/api/session").catch((error: unknown) => {
    if (error instanceof ApiError && error.status === 401) onSignedOut();
  });
}

async function parsed<T>(path: string, response: Response): Promise<T> {
  const reply: unknown = await response.json().catch(() => null);
  if (response.ok) return reply as T;
  const problem = (reply ?? {}) as { code?: string; detail?: string; errors?: Fault[] };
  const code = problem.code ?? "http_error";
  if (response.status === 401 && !path.startsWith("/api/session")) onSignedOut();
  const wait = Number(response.headers.get("Retry-After"));
  throw new ApiError(response.status, code, problem.detail ?? response.statusText, wait || null, problem.errors);
}

async function send(method: string, path: string, headers: Record<string, string>, body?: unknown): Promise<Response> {
  try {
    return await fetch(path, {
      method,
      headers: {
        Accept: "application/json",
        ...headers,
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
  } catch (error) {
    throw new ApiError(0, "unreachable", String(error));
  }
}
