import type { Session } from "../../contract";
import { allows } from "../../figures";
import { Tabs } from "../../parts/Tabs";
import { useLive } from "../../services/liveStore";
import { hrefOf } from "../../services/route";
import { useWords } from "../../text";
import { Offers } from "./Offers";
import { Refused } from "./Refused";
import { Sources } from "./Sources";
import { Stream } from "./Stream";
import { Topics } from "./Topics";

const PLACES = ["stream", "sources", "topics"] as const;
type Place = (typeof PLACES)[number];
const QUIET = new Set(["silent", "failing", "gone"]);

export function Signals({ session, place }: { session: Session; place: string | undefined }) {
  const { sources } = useLive();
  const { text } = useWords();
  const current: Place = PLACES.find((each) => each === place) ?? "stream";
  const mayAct = allows(session.role, "operator");
  const troubled = sources?.filter(({ state }) => QUIET.has(state)).length ?? 0;
  return (
    <div className="stack">
      <Tabs
        label={text.views.signals}
        tabs={PLACES.map((each) => ({
          href: each === "stream" ? hrefOf("signals") : hrefOf("signals", each),
          words: text.signals.places[each],
          current: each === current,
          note: each === "sources" && troubled > 0 && <span className="tab-note">{text.signals.troubled(troubled)}</span>,
        }))}
      />
      {current === "stream" && <Stream mayJudge={mayAct} />}
      {current === "sources" && (
        <>
          <Sources mayMute={mayAct} />
          <Refused />
          <Offers />
        </>
      )}
      {current === "topics" && <Topics mayEdit={mayAct} />}
    </div>
  );
}
