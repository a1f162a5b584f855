/** All that is known of the daemon; `null` is "not known". */
import type {
  AlertCounts,
  AlertsReply,
  Campaigns,
  Health,
  LiveEvent,
  ModelReply,
  ModelState,
  Offer,
  Product,
  Rates,
  Safety,
  Source,
  Timeline,
} from "../contract";
import { type LinkStatus, NO_LINK } from "./socketService";

export type Older = "more" | "full" | "gone";

export interface Live {
  link: LinkStatus;
  /** Why the server does not open the link, as the problem's code and text. */
  refusal: { code: string; detail: string } | null;
  health: Health | null;
  safety: Safety | null;
  campaigns: Campaigns | null;
  alertCounts: AlertCounts | null;
  alerts: AlertsReply | null;
  timeline: Timeline | null;
  model: ModelState | null;
  /** The whole of GET /api/model, as it was when the serving version last changed. */
  report: ModelReply | null;
  rates: Rates | null;
  /** Signals per minute, all sources, one sample every SAMPLE_MS; null while unknown. */
  rateSamples: (number | null)[];
  sources: Source[] | null;
  offers: Offer[] | null;
  stock: ReadonlyMap<string, Product> | null;
  nextStock: string | null;
  /** The base currency, once a product has named it. */
  currency: string | null;
  /** Ascending by offset, without gaps. */
  events: LiveEvent[] | null;
  /** `more`: there are events before those; `full`: more than can be shown; `gone`: the server has none. */
  older: Older;
  epoch: string | null;
}

export const NOTHING: Live = {
  link: NO_LINK,
  refusal: null,
  health: null,
  safety: null,
  campaigns: null,
  alertCounts: null,
  alerts: null,
  timeline: null,
  model: null,
  report: null,
  rates: null,
  rateSamples: [],
  sources: null,
  offers: null,
  stock: null,
  nextStock: null,
  currency: null,
  events: null,
  older: "gone",
  epoch: null,
};
