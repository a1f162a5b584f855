import { Megaphone, Search } from "lucide-react";
import { useDeferredValue, useState } from "react";

import type { Campaign, CampaignBooks, Session } from "../../contract";
import { allows, keyOf } from "../../figures";
import { Alert, Card, Empty, Skeleton } from "../../parts";
import { Age } from "../../parts/Age";
import { useLive } from "../../services/liveStore";
import { useWords } from "../../text";
import { problemText } from "../../text/server";
import { Actions } from "./Actions";
import { CampaignRow } from "./CampaignRow";
import { Connections } from "./Connections";
import { Proposals } from "./Proposals";
import { useBooks } from "./useBooks";

const DAYS = 30;

/** What runs where, what it earned, what it advertises, and the last actions on spend. */
export function Campaigns({ session }: { session: Session }) {
  const { campaigns } = useLive();
  const { text, format } = useWords();
  const { books, connections, fault, reload } = useBooks(DAYS);
  const mayAct = allows(session.role, "operator");
  return (
    <div className="stack">
      {fault !== null && <Alert tone="wait">{problemText(fault, text)}</Alert>}
      {books !== null && <Proposals proposals={books.proposals} mayDecide={mayAct} onDecided={reload} />}
      <Card
        title={text.views.campaigns}
        aside={campaigns !== null && campaigns.read_at !== null && (
          <span className="quiet">{text.campaigns.read} <Age at={campaigns.read_at} words={text.ago} /></span>
        )}
      >
        {campaigns === null ? <Skeleton lines={8} label={text.loading} />
        : campaigns.items.length === 0 ? <Empty icon={Megaphone} title={text.campaigns.none}>{text.campaigns.noneMeaning}</Empty>
        : <Listed campaigns={campaigns.items} books={books} mayPause={mayAct} session={session} />}
        {books !== null && <p className="quiet">{text.campaigns.since(format.at(books.since))}</p>}
      </Card>
      <Connections connections={connections} />
      {books !== null && <Actions actions={books.actions} />}
    </div>
  );
}

interface ListedProps {
  campaigns: Campaign[];
  books: CampaignBooks | null;
  mayPause: boolean;
  session: Session;
}

function Listed({ campaigns, books, mayPause, session }: ListedProps) {
  const { text } = useWords();
  const { columns } = text.campaigns;
  const [wanted, setWanted] = useState("");
  const needle = useDeferredValue(wanted.trim().toLowerCase());
  const shown = campaigns
    .filter((each) => `${each.name} ${keyOf(each)}`.toLowerCase().includes(needle))
    .toSorted((a, b) => a.name.localeCompare(b.name));
  return (
    <>
      <div className="filters">
        <label className="field">
          <span className="sr">{text.campaigns.search}</span>
          <input type="search" placeholder={text.campaigns.search} value={wanted} onChange={(change) => setWanted(change.target.value)} />
        </label>
      </div>
      {shown.length === 0 ? <Empty icon={Search} title={text.campaigns.noMatch} /> : (
        <table className="table campaign-table">
          <thead>
            <tr>
              <th scope="col">{columns.campaign}</th>
              <th scope="col">{columns.asked}</th>
              <th scope="col">{columns.readBack}</th>
              <th scope="col" className="number">{columns.budget}</th>
              <th scope="col" className="number">{columns.spend}</th>
              <th scope="col" className="number">{columns.revenue}</th>
              <th scope="col" className="number">{columns.roi}</th>
              <th scope="col">{columns.products}</th>
              {mayPause && <th scope="col"><span className="sr">{text.campaigns.pause}</span></th>}
            </tr>
          </thead>
          <tbody>
            {shown.map((campaign) => (
              <CampaignRow key={keyOf(campaign)} campaign={campaign} books={books} mayPause={mayPause} session={session} />
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}
