/** Figures that the views derive from what the daemon says. */
import type { Campaign, Campaigns, Halt, HaltItem, Product, Role, Safety } from "./contract";

const ROLES: Role[] = ["viewer", "operator", "approver", "admin"];

/** Whether a role may do what `needed` may. */
export function allows(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** Sums per currency, and how many amounts nobody knows. */
export interface Budget {
  sums: Map<string, number>;
  unknown: number;
  count: number;
}

interface Budgeted {
  daily_budget: number | null;
  currency: string | null;
}

export function budgetOf(items: Budgeted[]): Budget {
  const budget: Budget = { sums: new Map(), unknown: 0, count: items.length };
  for (const { daily_budget, currency } of items) {
    if (daily_budget === null || currency === null) budget.unknown += 1;
    else budget.sums.set(currency, (budget.sums.get(currency) ?? 0) + daily_budget);
  }
  return budget;
}

export function openHalts(safety: Safety): Halt[] {
  return safety.details.filter((halt) => halt.state !== "resumed");
}

/** Fill in name and budget from the list of campaigns where a halt could not read them itself. */
export function completed(items: HaltItem[], campaigns: Campaigns | null): HaltItem[] {
  const byKey = new Map(campaigns?.items.map((campaign) => [keyOf(campaign), campaign]));
  return items.map((item) => {
    const known = byKey.get(keyOf(item));
    const { name = null, daily_budget = null, currency = null } = known ?? {};
    if (item.daily_budget !== null) return { ...item, name: item.name ?? name };
    return { ...item, name: item.name ?? name, daily_budget, currency };
  });
}

/** Each campaign of the open halts once; a pause counts as confirmed only where every halt says so. */
export function haltedItems(safety: Safety, campaigns: Campaigns | null): HaltItem[] {
  const items = new Map<string, HaltItem>();
  for (const item of completed(openHalts(safety).flatMap((halt) => halt.items), campaigns)) {
    const known = items.get(keyOf(item));
    if (known === undefined || known.status === "confirmed") items.set(keyOf(item), item);
  }
  return [...items.values()];
}

/** Daily budgets of campaigns in open halts that are not confirmed as paused. */
export function atRisk(safety: Safety, campaigns: Campaigns | null): Budget {
  return budgetOf(haltedItems(safety, campaigns).filter((item) => item.status !== "confirmed"));
}

export function running(campaigns: Campaigns): Campaign[] {
  return campaigns.items.filter((campaign) => campaign.status === "ACTIVE");
}

export function keyOf(campaign: { platform: string; campaign_id: string }): string {
  return `${campaign.platform}:${campaign.campaign_id}`;
}

export type StockRisk = "out" | "low" | "near" | null;
const NEAR = 2;

/** How close a product is to its floor; `near` is twice the floor or less. */
export function stockRisk({ available, floor }: Product): StockRisk {
  if (available <= 0) return "out";
  if (available <= floor) return "low";
  return available <= floor * NEAR ? "near" : null;
}

const ORDER: StockRisk[] = ["out", "low", "near"];

export function stockAtRisk(stock: Iterable<Product>): Product[] {
  return [...stock]
    .filter((product) => stockRisk(product) !== null)
    .sort(
      (a, b) =>
        ORDER.indexOf(stockRisk(a)) - ORDER.indexOf(stockRisk(b)) || a.available - b.available,
    );
}
