import type { Offer } from "../../contract";
import { Badge, Card, Skeleton, type Tone } from "../../parts";
import { useLive } from "../../services/liveStore";
import { useWords } from "../../text";
import { phrase } from "../../text/server";

const TONES: Record<string, Tone> = { free: "ok", account: "calm", review: "wait", paid: "wait", licence: "wait" };

/** What an ordinary business can and cannot obtain, connector by connector. */
export function Offers() {
  const { offers } = useLive();
  const { text } = useWords();
  return (
    <Card title={text.signals.offers}>
      {offers === null ? <Skeleton lines={6} label={text.loading} /> : (
        <ul className="offers">
          {offers.map((offer) => (
            <OfferRow key={offer.kind} offer={offer} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function OfferRow({ offer }: { offer: Offer }) {
  const { text } = useWords();
  return (
    <li data-offer={offer.kind}>
      <div className="offer-name">
        <span className="row-title">{text.signals.kinds[offer.kind] ?? offer.kind}</span>
        <span className="quiet">{offer.enabled ? text.signals.enabled : text.signals.notEnabled}</span>
      </div>
      <Badge tone={TONES[offer.obtainable] ?? "calm"}>{text.signals.obtainable[offer.obtainable] ?? offer.obtainable}</Badge>
      <p>{text.signals.offerNotes[offer.kind] ?? phrase(offer.note, text)}</p>
    </li>
  );
}
