import type { Member } from "../../contract";
import { Card } from "../../parts";
import { useWords } from "../../text";

/** The learners that are mixed: the less wrong one has been lately, the more it counts. */
export function Members({ members }: { members: Member[] }) {
  const { text, format } = useWords();
  if (members.length === 0) return null;
  return (
    <Card title={text.model.members}>
      <ul className="members">
        {members.toSorted((a, b) => b.share - a.share).map(({ name, share, error }) => (
          <li key={name} data-member={name}>
            <span className="row-title">{text.model.memberNames[name] ?? name}</span>
            <span className="track" aria-hidden><span style={{ width: `${100 * share}%` }} /></span>
            <span className="row-number">{format.percent(share)}</span>
            <span className="quiet number">{text.model.memberError(format.number(error, 3))}</span>
          </li>
        ))}
      </ul>
      <p className="card-foot">{text.model.membersMeaning}</p>
    </Card>
  );
}
