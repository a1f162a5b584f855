import type { Forecast } from "../../contract";
import { Alert, Figure } from "../../parts";
import { useLive } from "../../services/liveStore";
import { useWords } from "../../text";
import { Explanation } from "./Explanation";
import { scaleOf } from "./scale";

const PRIOR = "prior";

/** What the model answers, how sure it is, and why. */
export function ForecastResult({ forecast, spend }: { forecast: Forecast; spend: number }) {
  const { currency } = useLive();
  const { text, format } = useWords();
  const { roi, expected_roi, interval, basis, observations, model_version } = forecast;
  const isGuess = basis === PRIOR;
  const back = (share: number) => (currency === null ? format.number(spend * (1 + share), 2) : format.money(spend * (1 + share), currency));
  return (
    <div className="forecast" data-basis={basis}>
      <div className="forecast-head">
        <p>
          <strong className={roi < 0 ? "tone-halt" : ""}>{format.gain(roi)}</strong> <span className="quiet">{text.whatIf.roi}</span>
        </p>
        <p className="quiet">{text.whatIf.comesBack(back(0), back(roi))}</p>
      </div>
      {isGuess ? <Alert tone="wait">{text.whatIf.prior}</Alert> : <p className="quiet">{text.whatIf.basis(basis, format.number(observations), format.number(model_version))}</p>}
      <IntervalLine forecast={forecast} />
      <dl className="figures">
        <Figure label={text.whatIf.interval(format.percent(interval.level))} value={text.whatIf.between(format.gain(interval.low), format.gain(interval.high))} note={text.whatIf.between(back(interval.low), back(interval.high))} />
        <Figure label={text.whatIf.expected} hint={text.whatIf.expectedMeaning} value={format.gain(expected_roi)} note={back(expected_roi)} />
      </dl>
      <Explanation forecast={forecast} />
    </div>
  );
}

const LINE = 18;
const BAND = 8;

/** The interval on a line of returns: what is lost lies left of zero. */
function IntervalLine({ forecast: { roi, expected_roi, interval } }: { forecast: Forecast }) {
  const { text, format } = useWords();
  const { place, ticks } = scaleOf(Math.min(interval.low, roi, expected_roi), Math.max(interval.high, roi, expected_roi));
  const at = (value: number) => `${100 * place(value)}%`;
  const band = (low: number, high: number) => ({ x: at(low), width: `${100 * Math.max(place(high) - place(low), 0)}%`, y: LINE - BAND / 2, height: BAND });
  const label = text.whatIf.drawn(format.percent(interval.level), format.gain(interval.low), format.gain(interval.high), format.gain(roi));
  return (
    <div className="interval">
      <svg role="img" aria-label={label}>
        <line className="interval-axis" x1="0" x2="100%" y1={LINE} y2={LINE} />
        <rect className="interval-loss" {...band(interval.low, Math.min(interval.high, 0))} />
        <rect className="interval-gain" {...band(Math.max(interval.low, 0), interval.high)} />
        <line className="interval-zero" x1={at(0)} x2={at(0)} y1={2} y2={34} />
        <line className="interval-expected" x1={at(expected_roi)} x2={at(expected_roi)} y1={LINE - 8} y2={LINE + 8} />
        <circle className="interval-point" cx={at(roi)} cy={LINE} r={6} />
        {ticks.map((tick) => (
          <text key={tick} className="interval-tick" x={at(tick)} y={50}>{format.gain(tick)}</text>
        ))}
      </svg>
    </div>
  );
}
