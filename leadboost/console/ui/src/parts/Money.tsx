import type { Budget } from "../figures";
import { useWords } from "../text";
import { UNKNOWN } from "../text/format";

/** A daily budget: known sums first, then how many are not known. Nothing known is a dash. */
export function BudgetText({ budget }: { budget: Budget }) {
  const { text, format } = useWords();
  const sums = [...budget.sums].map(([currency, sum]) => format.money(sum, currency));
  const parts = sums.length > 0 ? sums : [budget.unknown > 0 || budget.count === 0 ? UNKNOWN : ""];
  return (
    <>
      {parts.join(" + ")}
      {budget.unknown > 0 && <span className="quiet"> + {text.safety.budgetsUnknown(budget.unknown)}</span>}
    </>
  );
}
