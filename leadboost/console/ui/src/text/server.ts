/**
 * What the server says, in the viewer's language: problems by their stable code and field, short texts
 * by their known forms. The server speaks English; what has no translation stands as it came.
 */
import { ApiError, type Fault } from "../services/api";
import type { Text } from "./en";

/** A form of a text and its translation, `$1` and so on as in String.replace. */
export type Phrase = [form: RegExp, words: string];

/** Say why a request failed. */
export function problemText(error: unknown, text: Text): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  if (error.faults.length > 0) return error.faults.map((fault) => faultText(fault, text)).join(" ");
  return codeText(error.code, error.message, text);
}

/** A problem's code in words, else what the server said of it. */
export function codeText(code: string, detail: string, text: Text): string {
  return text.server.codes[code] ?? text.server.said(detail);
}

/** Translate a short text where its form is known. */
export function phrase(said: string, text: Text): string {
  const known = text.server.phrases.find(([form]) => form.test(said));
  return known === undefined ? said : said.replace(...known);
}

/** One reason why the gate is closed: `halted`, `halted: SCOPE`, or a proof's name and what is wrong with it. */
export function gateText(reason: string, text: Text): string {
  const [name = "", ...rest] = reason.split(": ");
  const label = text.server.proofs[name] ?? name;
  return rest.length === 0 ? label : `${label}: ${phrase(rest.join(": "), text)}`;
}

function faultText({ field, reason }: Fault, text: Text): string {
  const label = text.server.fields[field] ?? field;
  const rule = text.server.rules[field] ?? reason;
  return label === "" ? `${rule}.` : `${label}: ${rule}.`;
}
