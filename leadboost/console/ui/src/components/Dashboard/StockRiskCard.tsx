import { ArrowRight, PackageCheck, PackageOpen } from "lucide-react";

import { stockAtRisk, stockRisk } from "../../figures";
import { Badge, Card, Empty, Skeleton } from "../../parts";
import { useLive } from "../../services/liveStore";
import { useWords } from "../../text";
import { RISK_TONES } from "../Stock/risk";

const SHOWN = 5;

export function StockRiskCard() {
  const { stock, rates } = useLive();
  const { text, format } = useWords();
  const risky = stock && stockAtRisk(stock.values());
  return (
    <Card
      title={text.stock.atRisk}
      aside={
        <a className="link" href="#/stock">
          {text.views.stock} <ArrowRight aria-hidden size={14} />
        </a>
      }
    >
      {stock === null || risky === null ? <Skeleton lines={4} label={text.loading} />
      : stock.size === 0 ? <Empty icon={PackageOpen} title={text.stock.none}>{text.stock.noneMeaning}</Empty>
      : risky.length === 0 ? <Empty icon={PackageCheck} title={text.stock.noneAtRisk}>{text.stock.noneAtRiskMeaning(stock.size)}</Empty>
      : (
        <ul className="rows">
          {risky.slice(0, SHOWN).map((product) => {
            const risk = stockRisk(product);
            return (
              <li key={product.sku}>
                <div className="row-main">
                  <span className="row-title">{product.title ?? product.sku}</span>
                  <span className="quiet">{product.sku}</span>
                </div>
                {risk !== null && <Badge tone={RISK_TONES[risk]}>{text.stock[risk]}</Badge>}
                <span className="row-number">{format.number(product.available)}</span>
              </li>
            );
          })}
        </ul>
      )}
      {rates !== null && <p className="card-foot">{text.stock.sales(format.rate(rates.sales_per_min))}</p>}
    </Card>
  );
}
