import { useWords } from "../../text";

const SAME = 0.005;

/** How far the model's error is from that of the running mean. */
export function Comparison({ model: { mae, baseline_mae } }: { model: { mae: number | null; baseline_mae: number | null } }) {
  const { text, format } = useWords();
  if (mae === null || baseline_mae === null || baseline_mae === 0) return null;
  const gain = 1 - mae / baseline_mae;
  const share = format.percent(Math.abs(gain));
  const words = Math.abs(gain) < SAME ? text.model.same : gain > 0 ? text.model.better(share) : text.model.worse(share);
  return <span className={gain > 0 ? "tone-ok" : "tone-wait"}>{words}</span>;
}
