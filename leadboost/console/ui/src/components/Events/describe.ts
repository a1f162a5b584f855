import type { ItemStatus, LiveEvent } from "../../contract";
import type { Tone } from "../../parts";
import type { Text } from "../../text/en";
import { UNKNOWN } from "../../text/format";
import { phrase } from "../../text/server";

/** Say what happened, from the event's own data and nothing else. */
export function describe({ kind, data }: LiveEvent, text: Text): string {
  const of = (key: string) => words(data[key]);
  const { events } = text;
  switch (kind) {
    case "signal.accepted":
      return events.signal(of("source"), data.title ? of("title") : of("text"));
    case "signal.forgotten":
      return events.forgotten(Array.isArray(data.ids) ? String(data.ids.length) : UNKNOWN);
    case "model.trained":
      return events.trained(of("version"), of("observations"));
    case "stock.low":
      return events.low(of("sku"), of("available"), of("floor"));
    case "stock.out":
      return events.out(of("sku"));
    case "stock.oversold_externally":
      return events.oversold(of("sku"), of("shortfall"), of("channel"), of("order"));
    case "panic.tripped":
      return events.tripped(scopeText(of("scope"), text), phrase(of("reason"), text));
    case "panic.item":
      return events.item(data.name ? of("name") : of("campaign_id"), itemText(of("status"), text), of("attempts"));
    case "panic.resolved":
      return stateText(of("state"), text);
    case "panic.resumed":
      return events.resumed(of("by"), of("reason"));
    case "source.silent":
      return events.silent(of("source"), of("expected_per_day"));
    case "source.heard":
      return events.heard(of("source"));
    case "model.rolled_back":
      return events.rolledBack(of("from"), of("to"), of("by"), of("reason"));
    case "pipeline.step": {
      const step = (text.timeline.steps as Record<string, string>)[of("step")] ?? of("step");
      const state = (text.timeline.states as Record<string, string>)[of("state")] ?? of("state");
      return events.step(step, data.detail ? `${state}, ${phrase(of("detail"), text)}` : state);
    }
    default:
      return Object.entries(data)
        .map(([key, value]) => `${key} ${words(value)}`)
        .join(" · ");
  }
}

/** The scope of a halt in words. */
export function scopeText(scope: string, text: Text): string {
  const [kind, ...parts] = scope.split(":");
  const rest = (from: number) => parts.slice(from).join(":");
  const { scope: words } = text.safety;
  switch (kind) {
    case "global":
      return words.global;
    case "sku":
      return words.sku(rest(0));
    case "account":
      return words.account(parts[0] ?? UNKNOWN, rest(1));
    case "campaign":
      return words.campaign(parts[0] ?? UNKNOWN, rest(1));
    default:
      return scope;
  }
}

export function toneOf({ kind, data }: LiveEvent): Tone {
  switch (kind) {
    case "panic.tripped":
      return "halt";
    case "stock.out":
    case "stock.oversold_externally":
    case "stock.low":
    case "safety.breached":
    case "source.silent":
    case "model.rolled_back":
      return "wait";
    case "panic.resolved":
      return data.state === "confirmed" ? "ok" : "wait";
    case "panic.item":
      return data.status === "confirmed" ? "ok" : data.status === "unconfirmed" ? "wait" : "calm";
    default:
      return "calm";
  }
}

function itemText(status: string, text: Text): string {
  return text.safety.itemStates[status as ItemStatus] ?? status;
}

function stateText(state: string, text: Text): string {
  return (text.safety.haltStates as Record<string, string>)[state] ?? state;
}

function words(value: unknown): string {
  if (value === null || value === undefined) return UNKNOWN;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
