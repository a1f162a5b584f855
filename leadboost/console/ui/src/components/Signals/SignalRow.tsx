import { Copy } from "lucide-react";
import { useId } from "react";

import type { Signal } from "../../contract";
import { Badge, type Tone } from "../../parts";
import { Age } from "../../parts/Age";
import { useWords } from "../../text";
import { Judge } from "./Judge";
import { SignalDetail } from "./SignalDetail";
import { whyOf } from "./why";

const TONES: Record<string, Tone> = { pending: "accent", processed: "calm", rejected: "wait" };
/** From here on a score says spam rather than not. */
const SPAMMY = 0.5;

interface SignalRowProps {
  signal: Signal;
  open: boolean;
  onOpen: (open: boolean) => void;
  mayJudge: boolean;
  onChange: (signal: Signal) => void;
}

export function SignalRow({ signal, open, onOpen, mayJudge, onChange }: SignalRowProps) {
  const { text } = useWords();
  const id = useId();
  const copies = signal.cluster === null ? 1 : signal.cluster.size;
  return (
    <li className={`signal signal-${signal.state}`} data-signal={signal.id} data-state={signal.state}>
      <div className="signal-main">
        <button type="button" className="signal-open" aria-expanded={open} aria-controls={id} onClick={() => onOpen(!open)}>
          {signal.title ?? signal.text}
        </button>
        {signal.title !== null && !open && <p className="signal-text">{signal.text}</p>}
        <SignalFacts signal={signal} />
        {signal.reason !== null && <Why reason={signal.reason} />}
      </div>
      <div className="signal-figures">
        {copies > 1 && (
          <button type="button" className="copies" aria-expanded={open} aria-controls={id} onClick={() => onOpen(!open)}>
            <Copy aria-hidden size={13} /> {text.signals.copies(copies, signal.cluster?.sources ?? 1)}
          </button>
        )}
        <Spam score={signal.spam} />
      </div>
      <div className="signal-state">
        <Badge tone={TONES[signal.state] ?? "calm"}>{text.signals.signalStates[signal.state] ?? signal.state}</Badge>
        {signal.decided_by !== null && <span className="quiet signal-by">{text.signals.decidedBy(signal.decided_by)}</span>}
      </div>
      {mayJudge && <Judge signal={signal} onChange={onChange} />}
      <div id={id} className="signal-detail" hidden={!open}>
        {open && <SignalDetail signal={signal} />}
      </div>
    </li>
  );
}

/** Where it comes from, how fresh it is, and what it is about. */
export function SignalFacts({ signal }: { signal: Signal }) {
  const { text, format } = useWords();
  const { published_at, heard_at, language, topics } = signal;
  return (
    <p className="signal-facts">
      <span className="signal-source">{signal.source}</span>
      {published_at !== null ? <Age at={published_at} words={text.signals.published} /> : <Age at={heard_at} words={text.signals.heardAgo} />}
      {language !== null && <span>{format.language(language)}</span>}
      {topics.map((topic) => (
        <Badge key={topic} tone="accent">{topic}</Badge>
      ))}
    </p>
  );
}

function Spam({ score }: { score: number | null }) {
  const { text, format } = useWords();
  if (score === null) return <span className="spam quiet">{text.signals.spamUnknown}</span>;
  return (
    <span className={score >= SPAMMY ? "spam tone-wait" : "spam quiet"} title={text.signals.spamMeaning}>
      <span className="track" aria-hidden><span style={{ width: `${100 * Math.min(Math.max(score, 0), 1)}%` }} /></span>
      {text.signals.spam(format.percent(score))}
    </span>
  );
}

function Why({ reason }: { reason: string }) {
  const { text } = useWords();
  const { words, detail } = whyOf(reason, text);
  return (
    <p className="signal-why">
      <strong>{words}</strong>{detail !== null && `: ${detail}`}
    </p>
  );
}
