import { beforeEach, describe, expect, it } from "vitest";

import {
  CLOSE_GOING_AWAY,
  CLOSE_SIGNED_OUT,
  CLOSE_TOO_SLOW,
  type LinkStatus,
  type Notice,
  SILENCE_MS,
  type Socket,
  SocketService,
} from "./socketService";

class FakeSocket implements Socket {
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  readonly sent: string[] = [];
  closed = false;

  constructor(readonly query: string) {}

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.closed = true;
  }

  hears(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  ends(code: number, reason = ""): void {
    this.onclose?.({ code, reason });
  }
}

/** A daemon's side of the link, and a clock that only moves when told. */
class World {
  readonly sockets: FakeSocket[] = [];
  readonly notices: Notice[] = [];
  readonly service: SocketService;
  random = 0.5;
  private timers = new Map<number, { ms: number; act: () => void }>();
  private count = 0;

  constructor() {
    this.service = new SocketService({
      open: (query) => {
        this.sockets.push(new FakeSocket(query));
        return this.socket;
      },
      now: () => 1000,
      random: () => this.random,
      after: (ms, act) => {
        this.timers.set(++this.count, { ms, act });
        return this.count;
      },
      cancel: (timer) => this.timers.delete(timer),
    });
    this.service.subscribe((notice) => this.notices.push(notice));
  }

  get socket(): FakeSocket {
    return this.sockets[this.sockets.length - 1] as FakeSocket;
  }

  get status(): LinkStatus {
    const told = this.notices.filter((notice) => notice.kind === "status");
    return (told[told.length - 1] as { status: LinkStatus }).status;
  }

  get offsets(): number[] {
    return this.notices.flatMap((notice) => (notice.kind === "event" ? [notice.event.offset] : []));
  }

  get recovered(): boolean[] {
    return this.notices.flatMap((notice) => (notice.kind === "hello" ? [notice.recovered] : []));
  }

  /** Milliseconds of the one timer that runs, which then fires. */
  fire(): number {
    expect(this.timers.size).toBe(1);
    const [[timer, { ms, act }]] = [...this.timers] as [[number, { ms: number; act: () => void }]];
    this.timers.delete(timer);
    act();
    return ms;
  }
}

const hello = (offset: number, recovered = false, epoch = "e1") => ({
  t: "hello",
  epoch,
  offset,
  recovered,
  state: {},
  demo: true,
  version: "1",
});
const event = (offset: number) => ({ t: "event", offset, kind: "k", at: "2026-01-01T00:00:00Z", data: {} });

let world: World;

beforeEach(() => {
  world = new World();
  world.service.connect();
});

describe("the live link", () => {
  it("asks for no replay at first, and is live once greeted", () => {
    expect(world.socket.query).toBe("");
    world.socket.hears(hello(10));

    expect(world.status.phase).toBe("live");
    expect(world.recovered).toEqual([false]);
  });

  it("answers a ping with a pong", () => {
    world.socket.hears(hello(0));
    world.socket.hears({ t: "ping", at: "2026-01-01T00:00:00Z" });

    expect(world.socket.sent).toEqual(['{"t":"pong"}']);
  });

  it("passes each event on once, in order", () => {
    world.socket.hears(hello(10));
    for (const offset of [11, 11, 10, 12]) world.socket.hears(event(offset));

    expect(world.offsets).toEqual([11, 12]);
  });

  it("resumes after the last event that it passed on", () => {
    world.socket.hears(hello(10));
    world.socket.hears(event(11));
    world.socket.ends(1006);
    world.fire();

    expect(world.socket.query).toBe("?since=11&epoch=e1");
    world.socket.hears(hello(13, true));
    for (const offset of [12, 13]) world.socket.hears(event(offset));
    expect(world.offsets).toEqual([11, 12, 13]);
    expect(world.recovered).toEqual([false, true]);
  });

  it("asks for a new snapshot when the server could not resume, or the journal is another", () => {
    world.socket.hears(hello(10));
    world.socket.ends(1006);
    world.fire();
    world.socket.hears(hello(400, false));
    world.socket.ends(1006);
    world.fire();
    world.socket.hears(hello(3, true, "e2"));

    expect(world.recovered).toEqual([false, false, false]);
    world.socket.hears(event(4));
    expect(world.offsets).toEqual([4]);
  });

  it("waits longer after each failure, by chance, and no longer than a bound", () => {
    const waits = Array.from({ length: 8 }, () => {
      world.socket.ends(1006);
      return world.fire();
    });
    world.random = 0;
    world.socket.ends(1006);

    expect(waits).toEqual([500, 750, 1250, 2250, 4250, 7750, 7750, 7750]);
    expect(world.fire()).toBe(250);
  });

  it("begins with the short wait again once it was greeted", () => {
    for (let failure = 0; failure < 4; failure += 1) {
      world.socket.ends(1006);
      world.fire();
    }
    world.socket.hears(hello(1));
    world.socket.ends(CLOSE_GOING_AWAY, "stopping");

    expect(world.status).toMatchObject({ phase: "waiting", code: CLOSE_GOING_AWAY, reason: "stopping" });
    expect(world.fire()).toBe(500);
  });

  it("tells how far a viewer that was too slow is behind, until it has caught up", () => {
    world.socket.hears(hello(10));
    world.socket.ends(CLOSE_TOO_SLOW, "more than 5 s behind");
    expect(world.fire()).toBe(250);
    world.socket.hears(hello(12, true));

    expect(world.status).toMatchObject({ behind: 2, code: CLOSE_TOO_SLOW, reason: "more than 5 s behind" });
    world.socket.hears(event(11));
    world.socket.hears(event(12));
    expect(world.status.behind).toBe(0);
  });

  it("tells why it was cut off, where the server's last word did not arrive", () => {
    world.socket.hears(hello(10));
    world.socket.ends(1006);
    world.fire();
    world.socket.hears({ ...hello(12, true), cut: { code: CLOSE_TOO_SLOW, reason: "more than 4 s behind" } });

    expect(world.status).toMatchObject({ behind: 2, code: CLOSE_TOO_SLOW, reason: "more than 4 s behind" });
  });

  it("tells whether a link ended before it was greeted", () => {
    world.socket.ends(1006);
    expect(world.status.unheard).toBe(true);

    world.fire();
    world.socket.hears(hello(10));
    world.socket.ends(1006);
    expect(world.status.unheard).toBe(false);
  });

  it("does not reconnect once nobody is signed in", () => {
    world.socket.ends(CLOSE_SIGNED_OUT, "signed out");

    expect(world.status.phase).toBe("signed_out");
    expect(() => world.fire()).toThrow();
  });

  it("gives a link up that lost an event, and resumes before the loss", () => {
    world.socket.hears(hello(10));
    const lossy = world.socket;
    lossy.hears(event(12));
    world.fire();

    expect(lossy.closed).toBe(true);
    expect(world.offsets).toEqual([]);
    expect(world.socket.query).toBe("?since=10&epoch=e1");
  });

  it("gives a link up that fell silent", () => {
    world.socket.hears(hello(10));
    const silent = world.socket;

    expect(world.fire()).toBe(SILENCE_MS);
    expect(silent.closed).toBe(true);
    expect(world.status.phase).toBe("waiting");
  });

  it("forgets where it was when it is closed on purpose", () => {
    world.socket.hears(hello(10));
    world.service.disconnect();
    world.socket.ends(1000);
    world.service.connect();

    expect(world.sockets).toHaveLength(2);
    expect(world.socket.query).toBe("");
  });
});
