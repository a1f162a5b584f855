import type { PreviewReply } from "../../contract";
import { useWords } from "../../text";
import { LookLine } from "./RuleTable";

export function Preview({ reply }: { reply: PreviewReply }) {
  const { text, format } = useWords();
  const looks = [...reply.matched, ...reply.errored, ...reply.skipped];
  return (
    <>
      <h3>{text.rules.previewed(format.at(reply.at))}</h3>
      <p>{text.rules.counts(reply.evaluated, reply.matched.length, reply.skipped.length, reply.errored.length)}</p>
      <ul className="rule-looks">
        {looks.map((look) => <LookLine key={`${look.rule} ${look.subject}`} look={look} named />)}
      </ul>
    </>
  );
}
