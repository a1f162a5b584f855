/** Reads over HTTP, once each at a time. */
import { ApiError, poll } from "./api";

const RETRY_MS = 2000;

export class Loader {
  private round = 0;
  private readonly asked = new Set<string>();

  /** Begin anew: what was asked before is of no interest any more. */
  begin(): void {
    this.round += 1;
  }

  /** Answers null where it stays unknown; a fault that passes is tried again for as long as the link holds. */
  async load<T>(path: string, apply: (reply: T) => void = () => {}): Promise<T | null> {
    const round = this.round;
    const question = `${round} ${path}`;
    if (this.asked.has(question)) return null; // what a timer asks for does not pile up
    this.asked.add(question);
    try {
      return await this.ask(path, round, apply);
    } finally {
      this.asked.delete(question);
    }
  }

  private async ask<T>(path: string, round: number, apply: (reply: T) => void): Promise<T | null> {
    while (round === this.round) {
      try {
        const reply = await poll<T>(path);
        if (round !== this.round) return null;
        apply(reply);
        return reply;
      } catch (error) {
        const passing = error instanceof ApiError && (error.status === 0 || error.status >= 500);
        if (!passing) return null;
        await new Promise((resolve) => window.setTimeout(resolve, RETRY_MS));
      }
    }
    return null;
  }
}
