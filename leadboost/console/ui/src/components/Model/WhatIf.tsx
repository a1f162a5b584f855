import { Plus, Trash2 } from "lucide-react";
import { type FormEvent, useEffect, useId, useRef, useState } from "react";

import type { Forecast, Signal, SignalsPage } from "../../contract";
import { Alert, Card } from "../../parts";
import { Field } from "../../parts/Field";
import { call } from "../../services/api";
import { useLive } from "../../services/liveStore";
import { useWords } from "../../text";
import { faultsAt, problemBeside } from "../../text/server";
import { ForecastResult } from "./ForecastResult";
import { bodyOf, type Plan, PLATFORMS } from "./plan";

const RECENT = "/api/signals?limit=20";
const FIELDS = ["spend", "text", "platform", "source", "attributes", "signal_ids"];

interface Answer {
  forecast: Forecast;
  /** What was asked, in units of the base currency. */
  spend: number;
}

/** Asks the model about a spend that nobody has made. */
export function WhatIf({ signal }: { signal: string }) {
  const { text } = useWords();
  const [plan, setPlan] = useState<Plan>({ spend: "100", text: "", platform: "", source: "", signal, attributes: [] });
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);

  async function ask(submitted: FormEvent) {
    submitted.preventDefault();
    setBusy(true);
    setFault(null);
    try {
      const forecast = await call<Forecast>("POST", "/predict", bodyOf(plan));
      setAnswer({ forecast, spend: Number(plan.spend) });
    } catch (error) {
      setAnswer(null);
      setFault(error);
    } finally {
      setBusy(false);
    }
  }

  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (signal !== "") form.current?.scrollIntoView({ block: "center" });
  }, [signal]);

  const beside = problemBeside(fault, FIELDS, text);
  return (
    <Card title={text.whatIf.title} className="what-if">
      <form ref={form} className="plan" noValidate onSubmit={(submitted) => void ask(submitted)}>
        <PlanFields plan={plan} fault={fault} onChange={(change) => setPlan({ ...plan, ...change })} />
        {beside !== null && <Alert tone="wait">{beside}</Alert>}
        <button type="submit" className="button primary" disabled={busy}>{text.whatIf.ask}</button>
      </form>
      <div className="answer" aria-live="polite">
        {answer === null ? <p className="quiet answer-none">{text.whatIf.meaning}</p> : <ForecastResult {...answer} />}
      </div>
    </Card>
  );
}

interface PlanFieldsProps {
  plan: Plan;
  fault: unknown;
  onChange: (change: Partial<Plan>) => void;
}

function PlanFields({ plan, fault, onChange }: PlanFieldsProps) {
  const { sources, currency } = useLive();
  const { text } = useWords();
  const id = useId();
  const faults = (field: string) => faultsAt(fault, field, text);
  return (
    <>
      <div className="plan-row">
        <Field label={currency === null ? text.whatIf.spend : text.whatIf.spendIn(currency)} faults={faults("spend")}>
          {(control) => <input {...control} type="number" inputMode="decimal" step="any" min={0} value={plan.spend} onChange={(change) => onChange({ spend: change.target.value })} />}
        </Field>
        <Field label={text.whatIf.platform} faults={faults("platform")}>
          {(control) => <input {...control} list={`${id}platforms`} value={plan.platform} onChange={(change) => onChange({ platform: change.target.value })} />}
        </Field>
      </div>
      <datalist id={`${id}platforms`}>{PLATFORMS.map((name) => <option key={name} value={name} />)}</datalist>
      <Field label={text.whatIf.text} faults={faults("text")}>
        {(control) => <textarea {...control} rows={3} value={plan.text} onChange={(change) => onChange({ text: change.target.value })} />}
      </Field>
      <div className="plan-row">
        <Field label={text.whatIf.source} faults={faults("source")}>
          {(control) => <input {...control} list={`${id}sources`} value={plan.source} onChange={(change) => onChange({ source: change.target.value })} />}
        </Field>
        <SignalField value={plan.signal} faults={faults("signal_ids")} onChange={(signal) => onChange({ signal })} />
      </div>
      <datalist id={`${id}sources`}>{sources?.map(({ name }) => <option key={name} value={name} />)}</datalist>
      <Attributes plan={plan} faults={faults("attributes")} onChange={onChange} />
    </>
  );
}

/** The signal that the campaign would answer to: one of the latest, or the one that somebody came from. */
function SignalField({ value, faults, onChange }: { value: string; faults: string[]; onChange: (signal: string) => void }) {
  const { text } = useWords();
  const [recent, setRecent] = useState<Signal[]>([]);
  useEffect(() => {
    let current = true;
    call<SignalsPage>("GET", RECENT).then(({ items }) => current && setRecent(items), () => undefined); // one may still be named by its link
    return () => {
      current = false;
    };
  }, []);
  const isListed = value === "" || recent.some(({ id }) => id === value);
  return (
    <Field label={text.whatIf.signal} faults={faults}>
      {(control) => (
        <select {...control} value={value} onChange={(change) => onChange(change.target.value)}>
          <option value="">{text.whatIf.noSignal}</option>
          {!isListed && <option value={value}>{text.whatIf.chosenSignal(value.slice(-8))}</option>}
          {recent.map((signal) => (
            <option key={signal.id} value={signal.id}>{`${signal.source}: ${signal.title ?? signal.text}`}</option>
          ))}
        </select>
      )}
    </Field>
  );
}

interface AttributesProps {
  plan: Plan;
  faults: string[];
  onChange: (change: Partial<Plan>) => void;
}

function Attributes({ plan: { attributes }, faults, onChange }: AttributesProps) {
  const { text } = useWords();
  const set = (place: number, change: Partial<Plan["attributes"][number]>) =>
    onChange({ attributes: attributes.map((each, index) => (index === place ? { ...each, ...change } : each)) });
  return (
    <fieldset className="attributes">
      <legend>{text.whatIf.attributes}</legend>
      {attributes.map(({ key, name, value }, index) => (
        <div key={key} className="attribute">
          <input aria-label={text.whatIf.attributeName} placeholder={text.whatIf.attributeName} autoFocus={name === ""} value={name} onChange={(change) => set(index, { name: change.target.value })} />
          <input aria-label={text.whatIf.attributeValue(name)} placeholder={text.whatIf.value} value={value} onChange={(change) => set(index, { value: change.target.value })} />
          <button type="button" className="button icon-only" aria-label={text.whatIf.removeAttribute(name)} onClick={() => onChange({ attributes: attributes.filter((each) => each.key !== key) })}>
            <Trash2 aria-hidden size={15} />
          </button>
        </div>
      ))}
      {faults.length > 0 && <p className="field-fault" role="alert">{faults.join(" ")}</p>}
      <button type="button" className="button small" onClick={() => onChange({ attributes: [...attributes, { key: Date.now(), name: "", value: "" }] })}>
        <Plus aria-hidden size={14} /> {text.whatIf.addAttribute}
      </button>
    </fieldset>
  );
}
