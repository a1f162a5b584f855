/** The HTTP API of the daemon that served this page. */

export class ApiError extends Error {
  /** `status` is 0 when no answer came. `code` is the stable code of the problem. */
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly retryAfterS: number | null = null,
  ) {
    super(detail);
  }
}

const DEADLINE_MS = 15_000;
let onSignedOut: () => void = () => {};

/** Call `listener` whenever the server says that nobody is signed in. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

/** Send a request; answers with the parsed body. Throws ApiError. */
export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await send(method, path, body);
  const reply: unknown = await response.json().catch(() => null);
  if (response.ok) return reply as T;
  const problem = (reply ?? {}) as { code?: string; detail?: string };
  const code = problem.code ?? "http_error";
  if (response.status === 401 && !path.startsWith("/api/session")) onSignedOut();
  const wait = Number(response.headers.get("Retry-After"));
  throw new ApiError(response.status, code, problem.detail ?? response.statusText, wait || null);
}

/** Read `GET /health`, which carries its report with 503 too. Throws ApiError when no answer comes. */
export async function readHealth<T>(): Promise<T> {
  const response = await send("GET", "/health");
  const reply: unknown = await response.json().catch(() => null);
  if (reply === null) throw new ApiError(response.status, "http_error", response.statusText);
  return reply as T;
}

async function send(method: string, path: string, body?: unknown): Promise<Response> {
  try {
    return await fetch(path, {
      method,
      headers: {
        Accept: "application/json",
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
