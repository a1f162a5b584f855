import { ShieldCheck } from "lucide-react";

import type { Session } from "../../contract";
import { allows } from "../../figures";
import { Card, Empty, Skeleton } from "../../parts";
import { useLive } from "../../services/liveStore";
import { useWords } from "../../text";
import { Rules } from "../Rules/Rules";
import { SafetyFigures } from "../Dashboard/SafetyCard";
import { HaltCard } from "./HaltCard";
import { SafetyState } from "./SafetyState";
import { StopButton } from "./StopButton";

export function Safety({ session }: { session: Session }) {
  const { safety } = useLive();
  const { text } = useWords();
  const halted = safety?.state === "HALTED";
  const mayStop = allows(session.role, "operator");
  return (
    <div className="stack">
      <Card title={text.safety.title}>
        <div className="safety-top">
          <SafetyState />
          <div className="big-stop">
            {mayStop ? <StopButton session={session} big /> : null}
            <p className="quiet">{!mayStop ? text.stop.notAllowed : halted ? text.stop.againMeaning : text.stop.bigMeaning}</p>
          </div>
        </div>
        <SafetyFigures />
      </Card>
      <Card title={text.safety.halts}>
        {safety === null ? <Skeleton lines={4} label={text.loading} />
        : safety.details.length === 0 ? <Empty icon={ShieldCheck} title={text.safety.noHalts}>{text.safety.noHaltsMeaning}</Empty>
        : (
          <ul className="halts">
            {safety.details.map((halt) => (
              <li key={halt.id}>
                <HaltCard halt={halt} mayResume={allows(session.role, "approver")} />
              </li>
            ))}
          </ul>
        )}
      </Card>
      <Rules session={session} />
    </div>
  );
}
