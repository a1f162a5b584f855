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

/** What is wrong with one field of a request, or with what is inside it. */
export function faultsAt(error: unknown, field: string, text: Text): string[] {
  if (!(error instanceof ApiError)) return [];
  return error.faults
    .filter((fault) => isWithin(fault.field, field))
    .map((fault) => reasonText(fault, text));
}

/** What is wrong beside the fields that say it themselves; null where nothing is left. */
export function problemBeside(error: unknown, fields: string[], text: Text): string | null {
  if (error === null) return null;
  if (!(error instanceof ApiError) || error.faults.length === 0) return problemText(error, text);
  const rest = error.faults.filter((fault) => !fields.some((field) => isWithin(fault.field, field)));
  return rest.length === 0 ? null : rest.map((fault) => faultText(fault, text)).join(" ");
}

function isWithin(path: string, field: string): boolean {
  return path === field || path.startsWith(`${field}[`) || path.startsWith(`${field}.`);
}

function faultText(fault: Fault, text: Text): string {
  const label = text.server.fields[fault.field] ?? fault.field;
  const reason = reasonText(fault, text);
  return label === "" ? reason : `${label}: ${reason}`;
}

function reasonText({ field, reason }: Fault, text: Text): string {
  return `${text.server.rules[field] ?? phrase(reason, text)}.`;
}
