import { PackageOpen, Search } from "lucide-react";
import { useDeferredValue, useState } from "react";

import type { Product, Session } from "../../contract";
import { allows } from "../../figures";
import { Card, Empty, Skeleton } from "../../parts";
import { liveStore, useLive } from "../../services/liveStore";
import { useWords } from "../../text";
import { ProductRow } from "./ProductRow";

export function Stock({ session }: { session: Session }) {
  const { stock, nextStock, rates } = useLive();
  const { text, format } = useWords();
  const [wanted, setWanted] = useState("");
  const needle = useDeferredValue(wanted.trim().toLowerCase());
  const shown = stock && [...stock.values()].filter(({ sku, title }) => `${sku} ${title ?? ""}`.toLowerCase().includes(needle));
  return (
    <Card
      title={text.stock.products}
      aside={<span className="quiet">{rates !== null && text.stock.sales(format.rate(rates.sales_per_min))}</span>}
    >
      <div className="filters">
        <label className="field">
          <span className="sr">{text.stock.search}</span>
          <input type="search" placeholder={text.stock.search} value={wanted} onChange={(change) => setWanted(change.target.value)} />
        </label>
      </div>
      {shown === null ? <Skeleton lines={8} label={text.loading} />
      : stock?.size === 0 ? <Empty icon={PackageOpen} title={text.stock.none}>{text.stock.noneMeaning}</Empty>
      : shown.length === 0 ? <Empty icon={Search} title={text.stock.noMatch} />
      : <Products products={shown} mayRestock={allows(session.role, "operator")} />}
      {nextStock !== null && (
        <button type="button" className="button more" onClick={() => void liveStore.products.loadMore()}>
          {text.stock.more}
        </button>
      )}
    </Card>
  );
}

function Products({ products, mayRestock }: { products: Product[]; mayRestock: boolean }) {
  const { text } = useWords();
  return (
    <table className="table stock-table">
      <thead>
        <tr>
          <th scope="col">{text.stock.product}</th>
          <th scope="col" className="number">{text.stock.available}</th>
          <th scope="col" className="number">{text.stock.onHand}</th>
          <th scope="col" className="number">{text.stock.reserved}</th>
          <th scope="col" className="number">{text.stock.floor}</th>
          <th scope="col" className="number">{text.stock.sold}</th>
          <th scope="col" className="number" title={text.stock.runwayMeaning}>{text.stock.runway}</th>
          <th scope="col">{text.stock.campaigns}</th>
          {mayRestock && <th scope="col"><span className="sr">{text.stock.restock}</span></th>}
        </tr>
      </thead>
      <tbody>
        {products.map((product) => (
          <ProductRow key={product.sku} product={product} mayRestock={mayRestock} />
        ))}
      </tbody>
    </table>
  );
}
