import { type FormEvent, useId, useState } from "react";

import type { Product } from "../../contract";
import { Alert } from "../../parts";
import { ApiError, call } from "../../services/api";
import { liveStore } from "../../services/liveStore";
import { useWords } from "../../text";

const MOST = 2_000_000_000;

/** Sets how many there are now: the daemon keeps counting sales from there. */
export function Restock({ product }: { product: Product }) {
  const { text } = useWords();
  const id = useId();
  const [open, setOpen] = useState(false);
  const [count, setCount] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);

  async function save(submitted: FormEvent) {
    submitted.preventDefault();
    setBusy(true);
    setFault(null);
    try {
      const path = `/api/stock/${encodeURIComponent(product.sku)}`;
      liveStore.putProduct(await call<Product>("PUT", path, { on_hand: Number(count) }));
      setOpen(false);
    } catch (error) {
      setFault(error instanceof ApiError ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  }

  if (!open) {
    return (
      <button type="button" className="button small" onClick={() => { setCount(String(product.on_hand)); setOpen(true); }}>
        {text.stock.restock}<span className="sr"> {product.title ?? product.sku}</span>
      </button>
    );
  }
  return (
    <form className="restock" onSubmit={(submitted) => void save(submitted)}>
      <label htmlFor={id}>{text.stock.newCount}</label>
      <div className="restock-line">
        <input id={id} type="number" inputMode="numeric" min={0} max={MOST} step={1} required autoFocus value={count} onChange={(change) => setCount(change.target.value)} />
        <button type="submit" className="button primary small" disabled={busy}>{text.stock.save}</button>
        <button type="button" className="button small" onClick={() => setOpen(false)}>{text.cancel}</button>
      </div>
      <p className="quiet">{text.stock.campaignsStay}</p>
      {fault !== null && <Alert tone="wait">{fault}</Alert>}
    </form>
  );
}
