/**
 * The live link to the daemon: one WebSocket on `/dashboard/ws`, subprotocol `leadboost.v1`.
 *
 * It reconnects with exponential backoff and full jitter, resumes by `since` and `epoch`, drops what
 * it has heard before, and closes a link that went silent or lost a frame, so that the next one resumes.
 */
import type { Frame, Hello, LiveEvent } from "../contract";

export type LinkPhase = "idle" | "connecting" | "live" | "waiting" | "signed_out";

export interface LinkStatus {
  phase: LinkPhase;
  /** Why the last link ended; null while it never did. */
  reason: string | null;
  /** Close code of the last link, null while it never ended. */
  code: number | null;
  /** Events of the journal that are known to exist and have not arrived yet. */
  behind: number;
  /** When the last frame came, milliseconds of `Surroundings.now`. */
  heardAt: number | null;
  /** When the server greeted last, as `heardAt`. */
  greetedAt: number | null;
  /** Whether the last link ended before the server greeted; the browser does not tell why. */
  unheard: boolean;
}

export type Notice =
  | { kind: "status"; status: LinkStatus }
  /** `recovered` false: forget what was shown and load it anew. */
  | { kind: "hello"; hello: Hello; recovered: boolean }
  | { kind: "event"; event: LiveEvent }
  | { kind: "state"; key: string; data: unknown };

export type Listener = (notice: Notice) => void;

/** The part of WebSocket that is used. */
export interface Socket {
  onmessage: ((message: { data: unknown }) => void) | null;
  onclose: ((closed: { code: number; reason: string }) => void) | null;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

export interface Surroundings {
  open(query: string): Socket;
  now(): number;
  random(): number;
  after(ms: number, act: () => void): number;
  cancel(timer: number): void;
}

export const NO_LINK: LinkStatus = {
  phase: "idle",
  reason: null,
  code: null,
  behind: 0,
  heardAt: null,
  greetedAt: null,
  unheard: false,
};

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
/** A slow viewer is cut by the server; it resumes at once, nothing is down. */
const SHORT_WAIT_MS = 250;
/** The server pings every 15 s: three of them lost mean that the link is dead. */
export const SILENCE_MS = 50_000;

export const CLOSE_GOING_AWAY = 1001;
export const CLOSE_SIGNED_OUT = 4001;
export const CLOSE_TOO_SLOW = 4008;
/** Ended from here: the link went silent, or lost an event. */
export const CLOSE_GAP = 4000;

export class SocketService {
  private readonly listeners = new Set<Listener>();
  private socket: Socket | null = null;
  private timer = 0;
  private failures = 0;
  private epoch: string | null = null;
  private offset = 0;
  private goal = 0;
  private greeted = false;
  private status: LinkStatus = NO_LINK;

  constructor(private readonly surroundings: Surroundings) {}

  /** Hear everything from now on; the answer ends that. */
  subscribe(listener: Listener): () => void {
    this.listeners.add(listener);
    listener({ kind: "status", status: this.status });
    return () => this.listeners.delete(listener);
  }

  /** Open the link and keep it open until `disconnect`. */
  connect(): void {
    if (this.socket !== null) return;
    this.surroundings.cancel(this.timer);
    this.report({ phase: "connecting" });
    this.greeted = false;
    const socket = this.surroundings.open(this.query());
    this.socket = socket;
    socket.onmessage = (message) => this.hear(socket, String(message.data));
    socket.onclose = (closed) => this.ended(socket, closed.code, closed.reason);
    this.watchSilence(socket);
  }

  /** Do not wait any longer before the next attempt. */
  hurry(): void {
    if (this.status.phase === "waiting") this.connect();
  }

  /** Close the link for good and forget where it was. */
  disconnect(): void {
    this.surroundings.cancel(this.timer);
    const socket = this.socket;
    this.socket = null;
    this.epoch = null;
    this.offset = this.goal = this.failures = 0;
    socket?.close(1000);
    this.report(NO_LINK);
  }

  private query(): string {
    if (this.epoch === null) return "";
    return `?${new URLSearchParams({ since: String(this.offset), epoch: this.epoch })}`;
  }

  private hear(socket: Socket, text: string): void {
    if (socket !== this.socket) return;
    const frame = JSON.parse(text) as Frame;
    this.watchSilence(socket);
    this.status = { ...this.status, heardAt: this.surroundings.now() };
    switch (frame.t) {
      case "hello":
        return this.greet(frame);
      case "event":
        return this.take(socket, frame);
      case "state":
        this.tell({ kind: "state", key: frame.key, data: frame.data });
        return this.report({});
      case "ping":
        socket.send('{"t":"pong"}');
        return this.report({});
      default:
        return; // a later server may say more
    }
  }

  private greet(hello: Hello): void {
    const recovered = hello.recovered && hello.epoch === this.epoch;
    this.epoch = hello.epoch;
    if (!recovered) this.offset = hello.offset;
    this.goal = hello.offset;
    this.failures = 0;
    this.greeted = true;
    this.tell({ kind: "hello", hello, recovered });
    const { cut } = hello;
    const ended = cut ? { code: cut.code, reason: cut.reason } : {};
    this.report({ phase: "live", behind: this.behind(), greetedAt: this.surroundings.now(), ...ended });
  }

  private take(socket: Socket, event: LiveEvent): void {
    if (event.offset <= this.offset) return;
    if (event.offset > this.offset + 1) {
      socket.close(CLOSE_GAP, "gap");
      return this.ended(socket, CLOSE_GAP, "gap");
    }
    this.offset = event.offset;
    const { offset, kind, at, data } = event;
    this.tell({ kind: "event", event: { offset, kind, at, data } });
    this.report({ behind: this.behind() });
  }

  private behind(): number {
    return Math.max(this.goal - this.offset, 0);
  }

  private ended(socket: Socket, code: number, reason: string): void {
    if (socket !== this.socket) return;
    this.socket = null;
    this.surroundings.cancel(this.timer);
    const told = { code, reason: reason || null, unheard: !this.greeted };
    if (code === CLOSE_SIGNED_OUT) return this.report({ phase: "signed_out", ...told });
    this.failures += 1;
    this.report({ phase: "waiting", ...told });
    this.timer = this.surroundings.after(this.wait(code), () => this.connect());
  }

  private wait(code: number): number {
    if (code === CLOSE_TOO_SLOW && this.failures === 1) return SHORT_WAIT_MS;
    const longest = Math.min(FIRST_WAIT_MS * 2 ** (this.failures - 1), LONGEST_WAIT_MS);
    return SHORT_WAIT_MS + this.surroundings.random() * longest;
  }

  private watchSilence(socket: Socket): void {
    this.surroundings.cancel(this.timer);
    this.timer = this.surroundings.after(SILENCE_MS, () => {
      socket.close(CLOSE_GAP, "silent");
      this.ended(socket, CLOSE_GAP, "silent");
    });
  }

  private report(change: Partial<LinkStatus>): void {
    this.status = { ...this.status, ...change };
    this.tell({ kind: "status", status: this.status });
  }

  private tell(notice: Notice): void {
    for (const listener of this.listeners) listener(notice);
  }
}

function openWebSocket(query: string): Socket {
  const url = new URL(`/dashboard/ws${query}`, window.location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(url, ["leadboost.v1"]) as Socket;
}

/** The page's one link. */
export const socketService = new SocketService({
  open: openWebSocket,
  now: () => Date.now(),
  random: () => Math.random(),
  after: (ms, act) => window.setTimeout(act, ms),
  cancel: (timer) => window.clearTimeout(timer),
});
