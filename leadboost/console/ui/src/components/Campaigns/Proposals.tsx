import { useState } from "react";

import type { LinkProposal } from "../../contract";
import { keyOf } from "../../figures";
import { Alert, Card } from "../../parts";
import { call } from "../../services/api";
import { useWords } from "../../text";
import { problemText } from "../../text/server";

interface ProposalsProps {
  proposals: LinkProposal[];
  mayDecide: boolean;
  onDecided: () => Promise<void>;
}

/** Links that names suggest: none stands before somebody confirms it. */
export function Proposals({ proposals, mayDecide, onDecided }: ProposalsProps) {
  const { text } = useWords();
  if (proposals.length === 0) return null;
  return (
    <Card title={text.campaigns.proposals}>
      <p className="quiet">{text.campaigns.proposalsMeaning}</p>
      <ul className="proposals">
        {proposals.map((each) => (
          <Proposal key={`${keyOf(each)} ${each.sku}`} proposal={each} mayDecide={mayDecide} onDecided={onDecided} />
        ))}
      </ul>
    </Card>
  );
}

function Proposal({ proposal, mayDecide, onDecided }: { proposal: LinkProposal; mayDecide: boolean; onDecided: () => Promise<void> }) {
  const { text, format } = useWords();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);

  async function decide(accepted: boolean) {
    setBusy(true);
    setFault(null);
    const { platform, campaign_id, sku } = proposal;
    try {
      await call("POST", "/api/campaigns/links", { platform, campaign_id, sku, accepted });
      await onDecided();
    } catch (error) {
      setFault(problemText(error, text));
      setBusy(false);
    }
  }

  return (
    <li data-proposal={proposal.sku}>
      <span className="proposal-names">
        <strong>{proposal.campaign_name}</strong> {text.campaigns.advertises} <strong>{proposal.title ?? proposal.sku}</strong>
        <span className="quiet"> {proposal.sku} · {text.campaigns.share(format.percent(proposal.share))}</span>
      </span>
      {mayDecide && (
        <span className="proposal-decision">
          <button type="button" className="button primary small" disabled={busy} onClick={() => void decide(true)}>
            {text.campaigns.link}<span className="sr"> {proposal.campaign_name}, {proposal.sku}</span>
          </button>
          <button type="button" className="button small" disabled={busy} onClick={() => void decide(false)}>
            {text.campaigns.refuse}<span className="sr"> {proposal.campaign_name}, {proposal.sku}</span>
          </button>
        </span>
      )}
      {fault !== null && <Alert tone="wait">{fault}</Alert>}
    </li>
  );
}
