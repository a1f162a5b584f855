import { type ReactNode, useState } from "react";

import type { PreviewReply, ReplayReply, Session } from "../../contract";
import { allows } from "../../figures";
import { Alert, Card, Skeleton } from "../../parts";
import { call } from "../../services/api";
import { useWords } from "../../text";
import { problemText } from "../../text/server";
import { Firings } from "./Firings";
import { Preview } from "./Preview";
import { Replay } from "./Replay";
import { RuleTable } from "./RuleTable";
import { useRules } from "./useRules";

type Asked = { preview: PreviewReply } | { replay: ReplayReply };

/** The rules by which ads stop: what became of each last, what they would do now, and what they would have done. */
export function Rules({ session }: { session: Session }) {
  const { text } = useWords();
  const { rules, fault, reload } = useRules();
  const [asked, setAsked] = useState<Asked | null>(null);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<unknown>(null);

  async function ask(question: () => Promise<Asked>) {
    setBusy(true);
    setRefused(null);
    try {
      setAsked(await question());
    } catch (error) {
      setRefused(error);
    } finally {
      setBusy(false);
    }
  }
  const preview = async () => ({ preview: await call<PreviewReply>("POST", "/api/rules/preview", {}) });
  const replay = async () => ({ replay: await call<ReplayReply>("POST", "/api/rules/replay", { since: "30d" }) });

  return (
    <>
      <Card title={text.rules.title} aside={(
        <span className="rule-asks">
          <button type="button" className="button small" disabled={busy} onClick={() => void ask(preview)}>{text.rules.preview}</button>
          <button type="button" className="button small" disabled={busy} onClick={() => void ask(replay)}>{text.rules.replay}</button>
        </span>
      )}>
        {rules?.file_problem && <Alert tone="wait">{text.rules.fileProblem(rules.file_problem)}</Alert>}
        {rules !== null && rules.doubted.length > 0 && <Alert tone="wait">{text.rules.doubted(rules.doubted.join(", "))}</Alert>}
        {(refused !== null || fault !== null) && <Alert tone="wait">{problemText(refused ?? fault, text)}</Alert>}
        {asked !== null && (
          <Answer onClose={() => setAsked(null)}>
            {"preview" in asked ? <Preview reply={asked.preview} /> : <Replay reply={asked.replay} />}
          </Answer>
        )}
        {rules === null ? <Skeleton lines={5} label={text.loading} />
        : <RuleTable rules={rules} mayChange={allows(session.role, "admin")} onChanged={reload} />}
      </Card>
      {rules !== null && <Firings firings={rules.firings} />}
    </>
  );
}

function Answer({ onClose, children }: { onClose: () => void; children: ReactNode }) {
  const { text } = useWords();
  return (
    <section className="rule-answer" data-answer>
      {children}
      <button type="button" className="button ghost small" onClick={onClose}>{text.rules.close}</button>
    </section>
  );
}
