import { type FormEvent, useId, useState } from "react";

import type { Product } from "../../contract";
import { Alert } from "../../parts";
import { call } from "../../services/api";
import { liveStore } from "../../services/liveStore";
import { useWords } from "../../text";
import { problemText } from "../../text/server";

const MOST = 1_000_000_000;

/** Sets how many there are now, or the floor, or both: the daemon keeps counting sales from there. */
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
    try {
      liveStore.products.put(await call<Product>("PUT", `/api/stock/${encodeURIComponent(product.sku)}`, change));
      onClose();
    } catch (error) {
      setFault(problemText(error, text));
      setBusy(false);
    }
  }

  return (
    <form className="restock" onSubmit={(submitted) => void save(submitted)}>
      <div className="restock-fields">
        <Level label={text.stock.newCount} now={product.on_hand} value={count} onChange={setCount} autoFocus />
        <Level label={text.stock.newFloor} now={product.floor} value={floor} onChange={setFloor} />
      </div>
      <div className="restock-line">
        <button type="submit" className="button primary small" disabled={busy || (count === "" && floor === "")}>{text.stock.save}</button>
        <button type="button" className="button small" onClick={onClose}>{text.cancel}</button>
      </div>
      <p className="quiet">{text.stock.emptyStays} {text.stock.campaignsStay}</p>
      {fault !== null && <Alert tone="wait">{fault}</Alert>}
    </form>
  );
}

interface LevelProps {
  label: string;
  now: number;
  value: string;
  onChange: (value: string) => void;
  autoFocus?: boolean;
}

function Level({ label, now, value, onChange, autoFocus = false }: LevelProps) {
  const id = useId();
  return (
    <div>
      <label htmlFor={id}>{label}</label>
      <input id={id} type="number" inputMode="numeric" min={0} max={MOST} step={1} placeholder={String(now)} autoFocus={autoFocus} value={value} onChange={(change) => onChange(change.target.value)} />
    </div>
  );
}
