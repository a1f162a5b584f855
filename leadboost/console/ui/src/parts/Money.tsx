import type { Budget } from "../figures";
import { useWords } from "../text";
import { UNKNOWN } from "../text/format";

/** A daily budget: known sums first, then how many are not known. */
export function BudgetText({ budget }: { budget: Budget }) {
  const { text, format } = useWords();
  const sums = [...budget.sums].map(([currency, sum]) => format.money(sum, currency));
  const unknown = budget.unknown > 0 && text.safety.budgetsUnknown(budget.unknown);
  if (sums.length === 0) return unknown || UNKNOWN;
  return (
    <>
      {sums.join(" + ")}
      {unknown && <span className="quiet"> + {unknown}</span>}
    </>
  );
}
