import { describe, expect, it } from "vitest";

import { en } from "../../text/en";
import { es } from "../../text/es";
import { bodyOf, draftsOf, isSame } from "./topics";
import { whyOf } from "./why";

describe("why a signal was rejected", () => {
  it.each(["too_short", "language", "blocked_word", "blocked_author", "blocked_domain", "spam", "off_topic", "operator", "unreadable"])(
    "has words for %s in both languages",
    (word) => {
      for (const text of [en, es]) expect(whyOf(`${word}: a: b`, text)).toEqual({ words: text.signals.why[word], detail: "a: b" });
      expect(es.signals.why[word]).not.toBe(en.signals.why[word]);
    },
  );

  it.each(["out of the blue", "constructor: x", "toString", "<b>spam</b>: x"])("stands as it came where it is not known: %s", (reason) => {
    expect(whyOf(reason, en)).toEqual({ words: reason, detail: null });
  });

  it("needs no detail", () => {
    expect(whyOf("off_topic", en)).toEqual({ words: "Off topic", detail: null });
  });
});

describe("topics as they are typed", () => {
  const topics = [{ name: "fans", terms: ["fan", "ventilador"], examples: ["I need a fan"], updated_at: "2026-01-01T00:00:00Z" }];

  it("come back as they were", () => {
    expect(bodyOf(draftsOf(topics)).items).toEqual([{ name: "fans", terms: ["fan", "ventilador"], examples: ["I need a fan"] }]);
  });

  it("leave blank lines and blanks at either end out", () => {
    const [draft] = draftsOf(topics);

    expect(bodyOf([{ ...draft!, name: " fans ", terms: "\n fan \n\nfresh air\n", examples: "  " }]).items).toEqual([
      { name: "fans", terms: ["fan", "fresh air"], examples: [] },
    ]);
  });

  it("have not changed where they would be sent as the same", () => {
    const drafts = draftsOf(topics);

    expect(isSame(drafts, drafts.map((draft) => ({ ...draft, terms: `${draft.terms}\n` })))).toBe(true);
    expect(isSame(drafts, [])).toBe(false);
  });
});
