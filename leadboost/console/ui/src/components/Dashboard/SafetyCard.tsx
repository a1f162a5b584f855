import { ArrowRight } from "lucide-react";

import { atRisk, budgetOf, haltedItems, openHalts, running } from "../../figures";
import { Card, Figure } from "../../parts";
import { BudgetText } from "../../parts/Money";
import { useLive } from "../../services/liveStore";
import { useWords } from "../../text";
import { UNKNOWN } from "../../text/format";
import { SafetyState } from "../Safety/SafetyState";

/** The halt state and the money that is at risk while pauses are not confirmed. */
export function SafetyCard() {
  const { text } = useWords();
  return (
    <Card
      title={text.safety.title}
      aside={
        <a className="link" href="#/safety">
          {text.safety.open} <ArrowRight aria-hidden size={14} />
        </a>
      }
    >
      <SafetyState />
      <SafetyFigures />
    </Card>
  );
}

export function SafetyFigures() {
  const { safety, campaigns } = useLive();
  const { text } = useWords();
  const halts = safety && openHalts(safety);
  const items = safety && haltedItems(safety, campaigns);
  const risk = safety && atRisk(safety, campaigns);
  const active = campaigns && running(campaigns);
  const confirmed = items?.filter((item) => item.status === "confirmed").length;
  return (
    <dl className="figures">
      <Figure
        label={text.safety.atRisk}
        hint={text.safety.atRiskMeaning}
        value={
          risk === null || halts === null ? UNKNOWN
          : halts.length === 0 ? <span className="quiet">{text.safety.noHalt}</span>
          : risk.count === 0 ? <span className="tone-ok">{text.safety.noneAtRisk}</span>
          : <BudgetText budget={risk} />
        }
        {...(risk !== null && risk.count > 0 ? { tone: "halt" as const, note: text.safety.inCampaigns(risk.count) } : {})}
      />
      <Figure
        label={text.safety.confirmed}
        value={
          items === null || confirmed === undefined ? UNKNOWN
          : items.length === 0 ? <span className="quiet">{UNKNOWN}</span>
          : text.safety.ofTotal(confirmed, items.length)
        }
        {...(items !== null && items.length > 0 ? { tone: confirmed === items.length ? ("ok" as const) : ("wait" as const) } : {})}
      />
      <Figure
        label={text.safety.running}
        hint={text.safety.runningMeaning}
        value={active === null ? UNKNOWN : active.length === 0 ? <span className="quiet">{text.safety.inCampaigns(0)}</span> : <BudgetText budget={budgetOf(active)} />}
        {...(active !== null && active.length > 0 ? { note: text.safety.inCampaigns(active.length) } : {})}
      />
    </dl>
  );
}
