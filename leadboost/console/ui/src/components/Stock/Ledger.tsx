import { useEffect, useState } from "react";

import type { Product, StockLedger, StockMove } from "../../contract";
import { Alert, Skeleton } from "../../parts";
import { call } from "../../services/api";
import { useWords } from "../../text";
import { UNKNOWN } from "../../text/format";
import { problemText } from "../../text/server";

const SHOWN = 20;

/** The last changes of what is on hand, and what is kept of it; read again whenever the level moves. */
export function Ledger({ product }: { product: Product }) {
  const { text, format } = useWords();
  const { ledger, fault } = useLedger(product);
  if (fault !== null) return <Alert tone="wait">{problemText(fault, text)}</Alert>;
  if (ledger === null) return <Skeleton lines={3} label={text.loading} />;
  return (
    <div className="ledger">
      {ledger.reservations.length > 0 && <Kept ledger={ledger} />}
      {ledger.items.length === 0 ? <p className="quiet">{text.stock.noMoves}</p> : <Moves moves={ledger.items} />}
      <p className="quiet">{text.stock.sum(format.number(ledger.balance))}</p>
    </div>
  );
}

function useLedger({ sku, on_hand, reserved }: Product) {
  const [ledger, setLedger] = useState<StockLedger | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  useEffect(() => {
    let current = true;
    call<StockLedger>("GET", `/api/stock/${encodeURIComponent(sku)}/ledger?limit=${SHOWN}`).then(
      (read) => {
        if (!current) return;
        setLedger(read);
        setFault(null);
      },
      (error: unknown) => {
        if (current) setFault(error);
      },
    );
    return () => {
      current = false;
    };
  }, [sku, on_hand, reserved]);
  return { ledger, fault };
}

function Kept({ ledger }: { ledger: StockLedger }) {
  const { text, format } = useWords();
  return (
    <p>
      {text.stock.keeps}:{" "}
      {ledger.reservations
        .map((held) => `${format.number(held.quantity)} · ${held.by} · ${text.stock.until(format.at(held.expires_at))}`)
        .join("; ")}
    </p>
  );
}

function Moves({ moves }: { moves: StockMove[] }) {
  const { text } = useWords();
  const { columns } = text.stock;
  return (
    <table className="table ledger-table">
      <thead>
        <tr>
          <th scope="col">{columns.at}</th>
          <th scope="col">{columns.kind}</th>
          <th scope="col" className="number">{columns.quantity}</th>
          <th scope="col" className="number">{columns.remaining}</th>
          <th scope="col" className="number">{columns.price}</th>
          <th scope="col">{columns.by}</th>
          <th scope="col">{columns.reason}</th>
        </tr>
      </thead>
      <tbody>{moves.map((move) => <MoveRow key={`${move.id} ${move.quantity}`} move={move} />)}</tbody>
    </table>
  );
}

function MoveRow({ move }: { move: StockMove }) {
  const { text, format } = useWords();
  const { columns, kinds } = text.stock;
  return (
    <tr data-kind={move.kind}>
      <th scope="row" title={format.exactly(move.at)}>{format.at(move.at)}</th>
      <td data-label={columns.kind}>{kinds[move.kind] ?? move.kind}</td>
      <td className="number" data-label={columns.quantity}>{format.signed(move.quantity)}</td>
      <td className="number" data-label={columns.remaining}>{format.number(move.remaining)}</td>
      <td className="number" data-label={columns.price}>
        {move.unit_price === null ? UNKNOWN : `${format.number(move.unit_price, 2)} ${move.currency ?? ""}`}
      </td>
      <td data-label={columns.by}>{move.by}</td>
      <td data-label={columns.reason} title={move.trace ?? undefined}>{move.reason ?? UNKNOWN}</td>
    </tr>
  );
}
