import { ArrowRight } from "lucide-react";

import { Card } from "../../parts";
import { useLive } from "../../services/liveStore";
import { useWords } from "../../text";
import { EventList } from "../Events/EventList";
import { ModelCard } from "./ModelCard";
import { OperationsTimeline } from "./OperationsTimeline";
import { SafetyCard } from "./SafetyCard";
import { SignalsCard } from "./SignalsCard";
import { StockRiskCard } from "./StockRiskCard";

const SHOWN_EVENTS = 8;

export function Overview() {
  const { events } = useLive();
  const { text } = useWords();
  return (
    <div className="grid">
      <SafetyCard />
      <OperationsTimeline />
      <SignalsCard />
      <ModelCard />
      <StockRiskCard />
      <Card
        title={text.events.last}
        className="wide"
        aside={
          <a className="link" href="#/events">
            {text.events.all} <ArrowRight aria-hidden size={14} />
          </a>
        }
      >
        <EventList events={events && events.slice(-SHOWN_EVENTS).reverse()} room={SHOWN_EVENTS} />
      </Card>
    </div>
  );
}
