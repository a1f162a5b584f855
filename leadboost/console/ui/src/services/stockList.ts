/** The products: pages of the list, kept fresh by the levels that the live link tells. */
import type { Product, StockLevel, StockPage } from "../contract";
import { keyOf } from "../figures";
import type { Live } from "./live";
import type { Loader } from "./loader";

const REFRESH_MS = 1000;

interface Store {
  get(): Live;
  set(change: Partial<Live>): void;
}

export class StockList {
  private early = new Map<string, StockLevel>();
  private refresh = 0;
  private turn: Promise<void> = Promise.resolve();
  private readonly askedLinks = new Set<string>();

  constructor(
    private readonly store: Store,
    private readonly loader: Loader,
  ) {}

  /** Load the list anew, now, for a link that has just begun. */
  greet(): void {
    this.early.clear();
    this.cancelReload(); // all of it comes now
    void this.inTurn(() => this.readAll());
  }

  /** Forget what was asked for. */
  forget(): void {
    this.cancelReload();
    this.askedLinks.clear();
  }

  /** Load the products after those that are shown. */
  async loadMore(): Promise<void> {
    await this.inTurn(async () => {
      const { nextStock, stock } = this.store.get();
      if (nextStock === null) return;
      const shown = [...(stock?.values() ?? [])];
      await this.loader.load<StockPage>(stockPath(nextStock), (page) => this.show([...shown, ...page.items], page.next));
    });
  }

  /** Show a product as a write has just answered it. */
  put(product: Product): void {
    const stock = new Map(this.store.get().stock ?? []);
    this.store.set({ stock: stock.set(product.sku, product) });
  }

  /** A halt that names a link which the list does not have knows better; ask once for each. */
  checkLinks(sku: string, named: string[]): void {
    const known = this.store.get().stock?.get(sku)?.campaigns?.map(keyOf);
    const missing = known === undefined ? [] : named.filter((key) => !known.includes(key));
    const news = missing.filter((key) => !this.askedLinks.has(`${sku} ${key}`));
    for (const key of news) this.askedLinks.add(`${sku} ${key}`);
    if (news.length > 0) this.reload();
  }

  setLevel(sku: string, level: StockLevel | null): void {
    if (level === null) return;
    this.early.set(sku, level);
    const { stock, nextStock } = this.store.get();
    if (stock === null) return;
    const known = stock.get(sku);
    if (known === undefined && nextStock !== null && sku > nextStock) return; // on a page that is not loaded
    this.put(withLevel(known ?? { ...level, campaigns: null }, level));
    if (known === undefined) this.reload();
  }

  /** Load the list anew, a moment later: changes often come many at once. */
  reload(): void {
    if (this.refresh !== 0) return;
    this.refresh = window.setTimeout(() => {
      void this.inTurn(() => {
        this.refresh = 0;
        return this.readAll();
      });
    }, REFRESH_MS);
  }

  cancelReload(): void {
    window.clearTimeout(this.refresh);
    this.refresh = 0;
  }

  /** One load of the list after the other: a slow one would undo what a later one has shown. */
  private inTurn(work: () => Promise<void>): Promise<void> {
    this.turn = this.turn.then(work);
    return this.turn;
  }

  /** Load as much of the list as is shown, the first page at least. */
  private async readAll(): Promise<void> {
    const items: Product[] = [];
    const upTo = this.store.get().stock === null ? "" : this.store.get().nextStock;
    let after: string | null = null;
    do {
      const page: StockPage | null = await this.loader.load<StockPage>(stockPath(after));
      if (page === null) return;
      items.push(...page.items);
      after = page.next;
    } while (after !== null && (upTo === null || after < upTo));
    this.show(items, after);
  }

  private show(items: Product[], nextStock: string | null): void {
    const stock = new Map(items.map((product) => [product.sku, withLevel(product, this.early.get(product.sku))]));
    this.store.set({ stock, nextStock, currency: items[0]?.currency ?? this.store.get().currency });
  }
}

function stockPath(after: string | null): string {
  return after === null ? "/api/stock" : `/api/stock?${new URLSearchParams({ after })}`;
}

/** A level does not always know the title. */
function withLevel(product: Product, level: StockLevel | undefined): Product {
  return level === undefined ? product : { ...product, ...level, title: level.title ?? product.title };
}
