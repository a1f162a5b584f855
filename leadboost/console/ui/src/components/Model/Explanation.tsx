import { useState } from "react";

import type { Effect, Forecast } from "../../contract";
import { Alert } from "../../parts";
import { useWords } from "../../text";
import type { Text } from "../../text/en";
import { explained } from "./history";

const SHOWN = 8;
const DIGITS = 3;
const SAYS = new Set(["text", "heard"]);

/** Why: from the average, each effect in turn, up to the answer. */
export function Explanation({ forecast }: { forecast: Forecast }) {
  const { text, format } = useWords();
  const [isWhole, setWhole] = useState(false);
  const { large, others, rest, total, holds } = explained(forecast, isWhole ? Number.POSITIVE_INFINITY : SHOWN);
  const widest = Math.max(...large.map(({ effect }) => Math.abs(effect)), Math.abs(rest), Number.MIN_VALUE);
  const number = (value: number) => format.signed(value, DIGITS);
  return (
    <section className="explanation" aria-label={text.whatIf.why}>
      <h3>{text.whatIf.why}</h3>
      <table>
        <tbody>
          <tr>
            <th scope="row">{text.whatIf.base}</th>
            <td />
            <td className="number">{number(forecast.base)}</td>
          </tr>
          {large.map((effect) => (
            <EffectRow key={effect.feature} label={featureText(effect, text)} effect={effect.effect} widest={widest} />
          ))}
          {others > 0 && <EffectRow label={text.whatIf.others(others)} effect={rest} widest={widest} />}
          <tr className="explanation-total">
            <th scope="row">{text.whatIf.total}</th>
            <td className="quiet">{text.whatIf.logged}</td>
            <td className="number">{number(total)}</td>
          </tr>
        </tbody>
      </table>
      {others > 0 && <button type="button" className="button small" onClick={() => setWhole(true)}>{text.whatIf.whole}</button>}
      {!holds && <Alert tone="wait">{text.whatIf.doesNotHold}</Alert>}
    </section>
  );
}

function EffectRow({ label, effect, widest }: { label: string; effect: number; widest: number }) {
  const { format } = useWords();
  const share = `${(50 * Math.abs(effect)) / widest}%`;
  return (
    <tr data-effect={label}>
      <th scope="row">{label}</th>
      <td>
        <span className="effect" aria-hidden>
          <span className={effect < 0 ? "effect-down" : "effect-up"} style={{ width: share }} />
        </span>
      </td>
      <td className="number">{format.signed(effect, DIGITS)}</td>
    </tr>
  );
}

/** A feature in words: `platform=meta_ads`, `heard:intent`. Attributes have names that nobody foresaw. */
function featureText({ feature }: Effect, text: Text): string {
  const { features, said } = text.whatIf;
  const [, kind = feature, value] = /^([^=:]+)[=:](.*)$/s.exec(feature) ?? [];
  if (!Object.hasOwn(features, kind)) return feature;
  if (value === undefined) return features[kind] ?? feature;
  const isSaid = SAYS.has(kind) && Object.hasOwn(said, value);
  return `${features[kind]}: ${isSaid ? said[value] : value}`;
}
