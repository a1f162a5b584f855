import { LineChart } from "lucide-react";

import type { Session } from "../../contract";
import { allows } from "../../figures";
import { Card, Empty, Skeleton } from "../../parts";
import { useLive } from "../../services/liveStore";
import { useWords } from "../../text";
import { Histories } from "./Histories";
import { Members } from "./Members";
import { Standing } from "./Standing";
import { Versions } from "./Versions";
import { WhatIf } from "./WhatIf";

/** How wrong the model has been, what it consists of, and what it would answer. */
export function Model({ session, signal }: { session: Session; signal: string | undefined }) {
  const { report } = useLive();
  const { text } = useWords();
  return (
    <div className="stack">
      {report === null ? <Card title={text.model.title}><Skeleton lines={6} label={text.loading} /></Card> : (
        <>
          <Card title={text.model.title}>
            {report.prequential.mae === null ? <Empty icon={LineChart} title={text.model.none}>{text.model.noneMeaning}</Empty> : (
              <>
                <Standing report={report} />
                <Histories report={report} />
              </>
            )}
          </Card>
          <Members members={report.members} />
        </>
      )}
      <WhatIf key={signal} signal={signal ?? ""} />
      {report !== null && <Versions report={report} mayRollBack={allows(session.role, "approver")} />}
    </div>
  );
}
