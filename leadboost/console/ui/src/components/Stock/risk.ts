import type { StockRisk } from "../../figures";
import type { Tone } from "../../parts";

/** Red stays for halts and loss: a product that is sold out has not lost anything yet. */
export const RISK_TONES: Record<NonNullable<StockRisk>, Tone> = { out: "wait", low: "wait", near: "calm" };
