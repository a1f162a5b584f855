import { useState } from "react";

import type { Campaign, Session } from "../../contract";
import { Alert } from "../../parts";
import { call } from "../../services/api";
import { useWords } from "../../text";
import { problemText } from "../../text/server";

/** Halts this campaign alone; it runs again by a resume. */
export function Pause({ campaign, session }: { campaign: Campaign; session: Session }) {
  const { text } = useWords();
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);

  async function pause() {
    setBusy(true);
    setFault(null);
    try {
      const scope = `campaign:${campaign.platform}:${campaign.campaign_id}`;
      await call("POST", "/api/panic", { reason: text.stop.prefilled(session.name), scope });
      setAsking(false);
    } catch (error) {
      setFault(problemText(error, text));
    } finally {
      setBusy(false);
    }
  }

  if (!asking) {
    return (
      <button type="button" className="button small" onClick={() => setAsking(true)}>
        {text.campaigns.pause}<span className="sr"> {campaign.name}</span>
      </button>
    );
  }
  return (
    <div className="confirm">
      <p className="quiet">{text.campaigns.pauseMeaning}</p>
      <button type="button" className="button danger small" autoFocus disabled={busy} onClick={() => void pause()}>{text.campaigns.pauseNow}</button>{" "}
      <button type="button" className="button small" onClick={() => setAsking(false)}>{text.cancel}</button>
      {fault !== null && <Alert tone="wait">{fault}</Alert>}
    </div>
  );
}
