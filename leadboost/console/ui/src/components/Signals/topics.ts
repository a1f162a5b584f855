/** Topics as they are typed: one term or example on each line. */
import type { Topic } from "../../contract";

export interface Draft {
  /** Tells drafts apart while their names change. */
  key: number;
  name: string;
  terms: string;
  examples: string;
}

export function draftsOf(topics: Topic[]): Draft[] {
  return topics.map(({ name, terms, examples }, key) => ({ key, name, terms: terms.join("\n"), examples: examples.join("\n") }));
}

export function bodyOf(drafts: Draft[]): { items: { name: string; terms: string[]; examples: string[] }[] } {
  return { items: drafts.map(({ name, terms, examples }) => ({ name: name.trim(), terms: lines(terms), examples: lines(examples) })) };
}

/** Whether both would be sent as the same. */
export function isSame(a: Draft[], b: Draft[]): boolean {
  return JSON.stringify(bodyOf(a)) === JSON.stringify(bodyOf(b));
}

function lines(typed: string): string[] {
  return typed.split("\n").map((line) => line.trim()).filter((line) => line !== "");
}
