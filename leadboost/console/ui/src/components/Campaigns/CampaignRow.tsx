import type { Campaign, CampaignBooks, HaltItem, Session } from "../../contract";
import { haltedItems, keyOf } from "../../figures";
import { Badge, type Tone } from "../../parts";
import { useLive } from "../../services/liveStore";
import { useWords } from "../../text";
import { UNKNOWN } from "../../text/format";
import { Pause } from "./Pause";

interface RowProps {
  campaign: Campaign;
  books: CampaignBooks | null;
  mayPause: boolean;
  session: Session;
}

/** What was asked of a campaign stands beside what its platform says: only the second is a fact. */
export function CampaignRow({ campaign, books, mayPause, session }: RowProps) {
  const { safety, campaigns } = useLive();
  const { text, format } = useWords();
  const { columns, platforms } = text.campaigns;
  const key = keyOf(campaign);
  const halted = safety ? haltedItems(safety, campaigns).find((item) => keyOf(item) === key) : undefined;
  const result = books?.results.find((each) => keyOf(each) === key);
  const links = books?.links.filter((each) => keyOf(each) === key) ?? [];
  return (
    <tr data-campaign={campaign.campaign_id} data-status={campaign.status}>
      <th scope="row">
        <span className="row-title">{campaign.name || campaign.campaign_id}</span>
        <span className="quiet">{platforms[campaign.platform] ?? campaign.platform} · {campaign.campaign_id}</span>
      </th>
      <td data-label={columns.asked}><Asked item={halted} /></td>
      <td data-label={columns.readBack}><ReadBack campaign={campaign} /></td>
      <td className="number" data-label={columns.budget}>{format.money(campaign.daily_budget, campaign.currency)}</td>
      <td className="number" data-label={columns.spend}>{result ? format.money(result.spend, books?.currency ?? null) : UNKNOWN}</td>
      <td className="number" data-label={columns.revenue}>{result ? format.money(result.revenue, books?.currency ?? null) : UNKNOWN}</td>
      <td className="number" data-label={columns.roi} title={result && text.campaigns.days(result.days)}>{format.gain(result?.roi)}</td>
      <td data-label={columns.products}>{links.length === 0 ? <span className="quiet">{text.campaigns.noProducts}</span> : links.map(({ sku }) => sku).join(", ")}</td>
      {mayPause && (
        <td className="cell-action">{halted === undefined && campaign.status === "ACTIVE" && <Pause campaign={campaign} session={session} />}</td>
      )}
    </tr>
  );
}

function Asked({ item }: { item: HaltItem | undefined }) {
  const { text } = useWords();
  if (item === undefined) return <span className="quiet">{text.campaigns.nothingAsked}</span>;
  const tone: Tone = item.status === "confirmed" ? "ok" : "wait";
  return <Badge tone={tone}>{text.stock.haltedBy[item.status]}</Badge>;
}

function ReadBack({ campaign: { status, effective_status } }: { campaign: Campaign }) {
  const { text } = useWords();
  const states = text.stock.campaignState;
  return (
    <>
      <Badge tone={status === "ACTIVE" ? "accent" : "calm"}>{states[status] ?? status}</Badge>
      {effective_status !== status && <span className="quiet"> {states[effective_status] ?? effective_status}</span>}
    </>
  );
}
