import { useState } from "react";

import type { Product } from "../../contract";
import { haltedItems, keyOf, stockRisk } from "../../figures";
import { Badge, type Tone } from "../../parts";
import { useLive } from "../../services/liveStore";
import { useWords } from "../../text";
import { UNKNOWN } from "../../text/format";
import { Ledger } from "./Ledger";
import { Restock } from "./Restock";
import { RISK_TONES } from "./risk";

const COLUMNS = 9;

/** One product; its ledger opens below it. */
export function ProductRow({ product, mayRestock }: { product: Product; mayRestock: boolean }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Figures product={product} mayRestock={mayRestock} open={open} onOpen={() => setOpen(!open)} />
      {open && (
        <tr className="ledger-row">
          <td colSpan={COLUMNS}><Ledger product={product} /></td>
        </tr>
      )}
    </>
  );
}

interface FiguresProps {
  product: Product;
  mayRestock: boolean;
  open: boolean;
  onOpen: () => void;
}

function Figures({ product, mayRestock, open, onOpen }: FiguresProps) {
  const { text, format } = useWords();
  const risk = stockRisk(product);
  return (
    <tr data-sku={product.sku}>
      <th scope="row">
        <span className="row-title">{product.title ?? product.sku}</span>
        <span className="quiet">{product.sku}</span>
        <button type="button" className="button small ghost" aria-expanded={open} onClick={onOpen}>
          {text.stock.ledger}<span className="sr"> {product.title ?? product.sku}</span>
        </button>
      </th>
      <td className="number strong" data-label={text.stock.available}>
        {risk !== null && <Badge tone={RISK_TONES[risk]}>{text.stock[risk]}</Badge>}
        {format.number(product.available)}
      </td>
      <td className="number" data-label={text.stock.onHand}>{format.number(product.on_hand)}</td>
      <td className="number" data-label={text.stock.reserved}>{format.number(product.reserved)}</td>
      <td className="number" data-label={text.stock.floor}>{format.number(product.floor)}</td>
      <td className="number" data-label={text.stock.sold}>{format.rate(product.sold_per_day)}</td>
      <td className="number" data-label={text.stock.runway}>
        {product.runway_days === null ? UNKNOWN : text.stock.days(format.rate(product.runway_days))}
      </td>
      <td className="cell-campaigns" data-label={text.stock.campaigns}>
        <LinkedCampaigns product={product} />
      </td>
      {mayRestock && (
        <td className="cell-action">
          <Restock product={product} />
        </td>
      )}
    </tr>
  );
}

function LinkedCampaigns({ product }: { product: Product }) {
  const { text } = useWords();
  if (product.campaigns === null) return <span className="quiet">{text.stock.campaignsUnknown}</span>;
  if (product.campaigns.length === 0) return <span className="quiet">{text.stock.noCampaigns}</span>;
  return (
    <ul className="linked">
      {product.campaigns.map((campaign) => (
        <LinkedCampaign key={keyOf(campaign)} id={keyOf(campaign)} fallback={campaign.campaign_id} />
      ))}
    </ul>
  );
}

/** A halt's own word on a campaign comes first: only it tells what was confirmed. */
function LinkedCampaign({ id, fallback }: { id: string; fallback: string }) {
  const { campaigns, safety } = useLive();
  const { text } = useWords();
  const campaign = campaigns?.items.find((each) => keyOf(each) === id);
  const halted = safety && haltedItems(safety, campaigns).find((item) => keyOf(item) === id);
  const tone: Tone = halted ? (halted.status === "confirmed" ? "ok" : "wait") : "calm";
  const state = halted ? text.stock.haltedBy[halted.status]
    : campaign ? text.stock.campaignState[campaign.status] ?? campaign.status
    : text.stock.stateUnknown;
  return (
    <li>
      <span className="linked-name">{campaign?.name ?? halted?.name ?? fallback}</span>
      <Badge tone={tone}>{state}</Badge>
    </li>
  );
}
