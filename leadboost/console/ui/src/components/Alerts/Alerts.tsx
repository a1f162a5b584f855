import { BellOff } from "lucide-react";
import { useEffect } from "react";

import type { Session } from "../../contract";
import { allows } from "../../figures";
import { Card, Empty, Skeleton } from "../../parts";
import { liveStore, useLive } from "../../services/liveStore";
import { useWords } from "../../text";
import { AlertCard } from "./AlertCard";
import { Channels } from "./Channels";

const LOOK_EVERY_MS = 5000;

export function Alerts({ session }: { session: Session }) {
  const { alerts } = useLive();
  const { text } = useWords();
  const mayAcknowledge = allows(session.role, "operator");
  useEffect(() => {
    // What channels take is no change that the link tells.
    liveStore.loadAlerts();
    const timer = window.setInterval(() => liveStore.loadAlerts(), LOOK_EVERY_MS);
    return () => window.clearInterval(timer);
  }, []);
  return (
    <div className="stack">
      <Card title={text.alerts.title}>
        {alerts === null ? <Skeleton lines={4} label={text.loading} />
        : alerts.items.length === 0 ? <Empty icon={BellOff} title={text.alerts.none}>{text.alerts.noneMeaning}</Empty>
        : (
          <ul className="halts">
            {alerts.items.map((alert) => (
              <li key={alert.id}>
                <AlertCard alert={alert} mayAcknowledge={mayAcknowledge} />
              </li>
            ))}
          </ul>
        )}
      </Card>
      {alerts !== null && <Channels channels={alerts.channels} mayTry={allows(session.role, "admin")} />}
    </div>
  );
}
