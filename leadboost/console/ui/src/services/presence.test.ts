import { afterEach, describe, expect, it, vi } from "vitest";

import { call, poll, readHealth, showLife, whenSignedOut } from "./api";
import { watchPresence } from "./presence";

afterEach(() => vi.unstubAllGlobals());

function answering(status: number, body: object = {}) {
  const asked = vi.fn((_path: string, _options: RequestInit) => Promise.resolve(new Response(JSON.stringify(body), { status })));
  vi.stubGlobal("fetch", asked);
  return asked;
}

const isBackground = (asked: ReturnType<typeof answering>) =>
  asked.mock.calls.map(([, options]) => "X-LeadBoost-Background" in (options.headers as object));

describe("signs of life", () => {
  it("are told once a minute at most, and not after the end", () => {
    const place = new EventTarget();
    let now = 0;
    const tell = vi.fn();
    const end = watchPresence(place, tell, () => now);
    const act = (at: number, sign: string) => {
      now = at;
      place.dispatchEvent(new Event(sign));
    };

    act(59_999, "keydown");
    act(60_000, "pointerdown");
    act(100_000, "keydown");
    act(120_000, "keydown");
    end();
    act(999_000, "keydown");

    expect(tell).toHaveBeenCalledTimes(2);
  });

  it("are what a person asks for, and nothing that a timer asks for", async () => {
    const asked = answering(200);

    await call("GET", "/api/session");
    await poll("/api/sources");
    await readHealth();

    expect(isBackground(asked)).toEqual([false, true, true]);
  });

  it("find out that the login is over", async () => {
    answering(401, { code: "unauthorized" });
    const left = vi.fn();
    whenSignedOut(left);

    await showLife();

    expect(left).toHaveBeenCalledOnce();
  });
});
