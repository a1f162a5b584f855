import type { ReplayReply } from "../../contract";
import { useWords } from "../../text";

/** What each rule would have done; where its past is not kept, that is said and nothing else. */
export function Replay({ reply }: { reply: ReplayReply }) {
  const { text, format } = useWords();
  const { replayColumns: columns } = text.rules;
  return (
    <>
      <h3>{text.rules.replayed(reply.days)}</h3>
      <p className="quiet">{text.rules.held(reply.hold_days)}</p>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{columns.rule}</th>
            <th scope="col" className="number">{columns.fired}</th>
            <th scope="col" className="number">{columns.false}</th>
            <th scope="col" className="number">{columns.avoided}</th>
            <th scope="col" className="number">{columns.forgone}</th>
            <th scope="col" className="number">{columns.saved}</th>
          </tr>
        </thead>
        <tbody>
          {reply.items.map((item) => (
            <tr key={item.rule} data-replayed={item.rule}>
              <th scope="row">
                <span className="row-title">{item.rule}</span>
                {item.not_kept !== null && <span className="quiet">{text.rules.notKept}</span>}
              </th>
              {item.not_kept !== null ? <td colSpan={5} /> : (
                <>
                  <td className="number" data-label={columns.fired}>{format.number(item.fired)}</td>
                  <td className="number" data-label={columns.false}>{format.number(item.false_pauses)}</td>
                  <td className="number" data-label={columns.avoided}>{format.money(item.spend_avoided, reply.currency)}</td>
                  <td className="number" data-label={columns.forgone}>{format.money(item.revenue_forgone, reply.currency)}</td>
                  <td className="number" data-label={columns.saved}>{format.money(item.saved, reply.currency)}</td>
                </>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
