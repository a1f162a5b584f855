import { type FormEvent, useId, useState } from "react";

import type { Product } from "../../contract";
import { Alert } from "../../parts";
import { call, callOnce } from "../../services/api";
import { liveStore } from "../../services/liveStore";
import { useWords } from "../../text";
import { problemText } from "../../text/server";

const MOST = 1_000_000_000;
const MOST_ARRIVED = 1_000_000;

/** Adds what arrived, or sets how many there are now, or the floor: the daemon keeps counting sales from there. */
export function Restock({ product }: { product: Product }) {
  const { text } = useWords();
  const [open, setOpen] = useState(false);
  if (open) return <Levels product={product} onClose={() => setOpen(false)} />;
  return (
    <button type="button" className="button small" onClick={() => setOpen(true)}>
      {text.stock.restock}<span className="sr"> {product.title ?? product.sku}</span>
    </button>
  );
}

function Levels({ product, onClose }: { product: Product; onClose: () => void }) {
  const { text } = useWords();
  const [arrived, setArrived] = useState("");
  const [key] = useState(() => crypto.randomUUID());
  const [reason, setReason] = useState("");
  const [count, setCount] = useState("");
  const [floor, setFloor] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);

  async function save(submitted: FormEvent) {
    submitted.preventDefault();
    setBusy(true);
    setFault(null);
    // What nobody typed is left out: sales go on while the form is open.
    const change = { ...(count && { on_hand: Number(count) }), ...(floor && { floor: Number(floor) }) };
    const why = reason.trim() && { reason: reason.trim() };
    const path = `/api/stock/${encodeURIComponent(product.sku)}`;
    try {
      if (arrived) await callOnce(key, `${path}/restock`, { quantity: Number(arrived), ...why });
      if (count || floor) liveStore.products.put(await call<Product>("PUT", path, { ...change, ...why }));
      onClose();
    } catch (error) {
      setFault(problemText(error, text));
      setBusy(false);
    }
  }

  return (
    <form className="restock" onSubmit={(submitted) => void save(submitted)}>
      <div className="restock-fields">
        <Level label={text.stock.arrived} value={arrived} onChange={setArrived} min={1} max={MOST_ARRIVED} autoFocus />
        <Level label={text.stock.newCount} now={product.on_hand} value={count} onChange={setCount} />
        <Level label={text.stock.newFloor} now={product.floor} value={floor} onChange={setFloor} />
      </div>
      <Reason value={reason} onChange={setReason} />
      <div className="restock-line">
        <button type="submit" className="button primary small" disabled={busy || (arrived === "" && count === "" && floor === "")}>{text.stock.save}</button>
        <button type="button" className="button small" onClick={onClose}>{text.cancel}</button>
      </div>
      <p className="quiet">{text.stock.emptyStays} {text.stock.campaignsStay}</p>
      {fault !== null && <Alert tone="wait">{fault}</Alert>}
    </form>
  );
}

function Reason({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const { text } = useWords();
  const id = useId();
  return (
    <div className="restock-fields restock-reason">
      <label htmlFor={id}>{text.stock.reason}</label>
      <input id={id} maxLength={500} value={value} onChange={(change) => onChange(change.target.value)} />
    </div>
  );
}

interface LevelProps {
  label: string;
  now?: number;
  value: string;
  onChange: (value: string) => void;
  min?: number;
  max?: number;
  autoFocus?: boolean;
}

function Level({ label, now, value, onChange, min = 0, max = MOST, autoFocus = false }: LevelProps) {
  const id = useId();
  return (
    <div>
      <label htmlFor={id}>{label}</label>
      <input id={id} type="number" inputMode="numeric" min={min} max={max} step={1} placeholder={now === undefined ? "" : String(now)} autoFocus={autoFocus} value={value} onChange={(change) => onChange(change.target.value)} />
    </div>
  );
}
