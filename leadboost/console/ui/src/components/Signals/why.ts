import type { Text } from "../../text/en";
import { phrase } from "../../text/server";

/** Why a signal was rejected: what it comes to in words, and the server's own detail. */
export interface Why {
  words: string;
  detail: string | null;
}

/** Read a reason as it is stored: a machine word, a colon, the detail. */
export function whyOf(reason: string, text: Text): Why {
  const [, word = "", detail = ""] = /^(\w+)(?:: ?(.*))?$/s.exec(reason) ?? [];
  const words = Object.hasOwn(text.signals.why, word) ? text.signals.why[word] : undefined;
  if (words === undefined) return { words: phrase(reason, text), detail: null };
  return { words, detail: detail === "" ? null : phrase(detail, text) };
}
