import { Send } from "lucide-react";
import { useState } from "react";

import type { AlertChannel, ChannelTried } from "../../contract";
import { Alert, Badge, Card, Empty, type Tone } from "../../parts";
import { call } from "../../services/api";
import { useWords } from "../../text";
import { problemText } from "../../text/server";

const TONES: Record<AlertChannel["state"], Tone> = { RUNNING: "ok", WAITING: "wait", DEGRADED: "halt" };

export function Channels({ channels, mayTry }: { channels: AlertChannel[]; mayTry: boolean }) {
  const { text } = useWords();
  return (
    <Card title={text.alerts.channels}>
      {channels.length === 0 ? <Empty icon={Send} title={text.alerts.noChannel}>{text.alerts.noChannelMeaning}</Empty>
      : (
        <ul className="halts">
          {channels.map((channel) => (
            <li key={channel.name}>
              <Channel channel={channel} mayTry={mayTry} />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Channel({ channel, mayTry }: { channel: AlertChannel; mayTry: boolean }) {
  const { text } = useWords();
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState<{ tone: Tone; text: string } | null>(null);

  async function tryIt() {
    setBusy(true);
    setSaid(null);
    try {
      const tried = await call<ChannelTried>("POST", `/api/connections/${encodeURIComponent(channel.name)}/test`, {});
      setSaid(tried.ok ? { tone: "ok", text: text.alerts.gotThrough } : { tone: "wait", text: tried.detail ?? "" });
    } catch (error) {
      setSaid({ tone: "wait", text: problemText(error, text) });
    } finally {
      setBusy(false);
    }
  }

  return (
    <article className="halt" data-channel={channel.name} data-state={channel.state}>
      <header className="halt-head">
        <div>
          <h3>{channel.name}</h3>
          <p className="quiet">
            {text.alerts.level(channel.level, text.alerts.severities[channel.least])}
            {channel.pending > 0 && ` · ${text.alerts.waiting(channel.pending)}`}
          </p>
          {channel.detail !== null && <p>{channel.detail}</p>}
        </div>
        <div className="halt-state">
          <Badge tone={TONES[channel.state]}>{text.alerts.channelStates[channel.state]}</Badge>
        </div>
      </header>
      {mayTry && (
        <div className="halt-foot">
          <button type="button" className="button small" disabled={busy} onClick={() => void tryIt()}>
            <Send aria-hidden size={14} /> {text.alerts.test}
            <span className="sr"> {channel.name}</span>
          </button>
        </div>
      )}
      {said !== null && <Alert tone={said.tone}>{said.text}</Alert>}
    </article>
  );
}
