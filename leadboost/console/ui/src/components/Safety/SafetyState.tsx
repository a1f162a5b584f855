import { useLive } from "../../services/liveStore";
import { useWords } from "../../text";
import { scopeText } from "../Events/describe";
import { gateText, phrase } from "../../text/server";
import { UNKNOWN } from "../../text/format";

/** The latch in one word, what it means, and the gate's reasons where it is closed. */
export function SafetyState() {
  const { safety } = useLive();
  const { text, format } = useWords();
  if (safety === null) {
    return (
      <div className="latch">
        <p className="latch-state" data-latch="unknown">{UNKNOWN}</p>
        <p className="quiet">{text.safety.unknownMeaning}</p>
      </div>
    );
  }
  const { state, gate, since, reason, reducing } = safety;
  const reasons = gate.reasons.filter((each) => each !== "halted"); // the line above says that
  const tone = state === "HALTED" ? "halt" : state === "REDUCING" || !gate.open ? "wait" : "calm";
  return (
    <div className={`latch latch-${tone}`}>
      <p className="latch-state" data-latch={state}>
        <span className="dot" aria-hidden />
        {text.safety.states[state]}
        {since !== null && state !== "ACTIVE" && <small>{text.safety.since(format.at(since))}</small>}
      </p>
      <p>{reason === null ? text.safety.meaning[state] : phrase(reason, text)}</p>
      <p className="latch-gate">
        <span className="quiet">{text.safety.gate}:</span>{" "}
        {gate.open ? text.safety.gateOpen : text.safety.gateClosed}
        {reasons.length > 0 && ` (${reasons.map((each) => gateText(each, text)).join("; ")})`}
      </p>
      {reducing.length > 0 && <p className="latch-gate">{text.safety.reducing(reducing.map((scope) => scopeText(scope, text)).join(", "))}</p>}
    </div>
  );
}
