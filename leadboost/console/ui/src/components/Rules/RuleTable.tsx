import { useState } from "react";

import type { Look, Rule, RulesReply } from "../../contract";
import { Alert, Badge, type Tone } from "../../parts";
import { Age } from "../../parts/Age";
import { call } from "../../services/api";
import { useWords } from "../../text";
import { phrase, problemText } from "../../text/server";
import { scopeText } from "../Events/describe";

const SHOWN = 3;
const TONES: Record<Look["outcome"], Tone> = { fired: "halt", skipped: "wait", clear: "ok", errored: "wait" };

interface Props {
  rules: RulesReply;
  mayChange: boolean;
  onChanged: () => void;
}

export function RuleTable({ rules, mayChange, onChanged }: Props) {
  const { text } = useWords();
  const [refused, setRefused] = useState<unknown>(null);
  const { columns } = text.rules;

  /** Rules set here stand before those of the file; all of them are sent. */
  async function put(rule: Rule, mode: Rule["mode"]) {
    setRefused(null);
    const kept = rules.items.filter(({ origin, name }) => origin === "api" && name !== rule.name);
    const changed = { ...rule.written, mode };
    try {
      await call("PUT", "/api/rules", { rules: [...kept.map(({ written }) => written), changed] });
      onChanged();
    } catch (error) {
      setRefused(error);
    }
  }

  return (
    <>
      {refused !== null && <Alert tone="wait">{problemText(refused, text)}</Alert>}
      <table className="table rule-table">
        <thead>
          <tr>
            <th scope="col">{columns.rule}</th>
            <th scope="col">{columns.mode}</th>
            <th scope="col">{columns.look}</th>
            <th scope="col">{columns.fired}</th>
          </tr>
        </thead>
        <tbody>
          {rules.items.map((rule) => (
            <tr key={rule.name} data-rule={rule.name} data-mode={rule.mode}>
              <th scope="row">
                <span className="row-title">{rule.name}</span>
                <span className="quiet">{text.rules.kinds[rule.kind] ?? rule.kind} · {scopeText(rule.scope, text)} · {text.rules.actions[rule.action]}</span>
              </th>
              <td data-label={columns.mode}>
                <span className="rule-mode">
                  <Badge tone={rule.mode === "on" ? "accent" : "calm"}>{text.rules.modes[rule.mode]}</Badge>
                  {mayChange && <Switch rule={rule} onSwitch={(mode) => put(rule, mode)} />}
                </span>
              </td>
              <td data-label={columns.look}><LastLook rule={rule} /></td>
              <td data-label={columns.fired}>{rule.last_fired === null ? text.rules.never : <Age at={rule.last_fired.at} words={text.ago} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function Switch({ rule, onSwitch }: { rule: Rule; onSwitch: (mode: Rule["mode"]) => Promise<void> }) {
  const { text } = useWords();
  const [busy, setBusy] = useState(false);
  const next = rule.mode === "on" ? "shadow" : "on";
  async function turn() {
    setBusy(true);
    await onSwitch(next);
    setBusy(false);
  }
  return (
    <button type="button" className="button ghost small" disabled={busy} onClick={() => void turn()}>
      {text.rules.turn[next]}<span className="sr"> {rule.name}</span>
    </button>
  );
}

/** What the last look brought: every subject that matched, and why nothing was done. */
function LastLook({ rule }: { rule: Rule }) {
  const { text } = useWords();
  if (rule.mode === "off") return <span className="quiet">{text.rules.off}</span>;
  return (
    <ul className="rule-looks">
      {rule.looks.slice(0, SHOWN).map((look) => <LookLine key={look.subject} look={look} />)}
      {rule.looks.length > SHOWN && <li className="quiet">{text.rules.more(rule.looks.length - SHOWN)}</li>}
      {rule.clear > 0 && <li className="quiet">{text.rules.clear(rule.clear)}</li>}
      {rule.clear === 0 && rule.looks.length === 0 && <li className="quiet">{text.rules.nothing}</li>}
    </ul>
  );
}

export function LookLine({ look, named = false }: { look: Look; named?: boolean }) {
  const { text } = useWords();
  const why = look.skip === null ? text.rules.outcomes[look.outcome] : text.rules.skips[look.skip] ?? look.skip;
  return (
    <li data-outcome={look.outcome} data-skip={look.skip ?? undefined}>
      <Badge tone={look.shadow && look.outcome === "fired" ? "calm" : TONES[look.outcome]}>{why}</Badge>{" "}
      {named && <strong>{look.rule}: </strong>}
      {phrase(look.detail, text)}
    </li>
  );
}
