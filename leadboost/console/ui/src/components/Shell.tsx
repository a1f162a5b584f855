import { Activity, Bell, Boxes, LayoutDashboard, LineChart, Megaphone, Radio, Shield } from "lucide-react";
import { type ReactNode, useEffect } from "react";

import type { Session } from "../contract";
import { allows, atRisk, haltedItems } from "../figures";
import { DemoBadge } from "../parts";
import { BudgetText } from "../parts/Money";
import { useLive } from "../services/liveStore";
import { useRoute } from "../services/route";
import { useWords } from "../text";
import { gateText, phrase } from "../text/server";
import { AccountMenu } from "./AccountMenu";
import { Campaigns } from "./Campaigns/Campaigns";
import { Alerts } from "./Alerts/Alerts";
import { Overview } from "./Dashboard/Overview";
import { Events } from "./Events/Events";
import { LinkBanner, LinkChip } from "./LinkState";
import { Mark } from "./Mark";
import { Model } from "./Model/Model";
import { Safety } from "./Safety/Safety";
import { StopButton } from "./Safety/StopButton";
import { Signals } from "./Signals/Signals";
import { Stock } from "./Stock/Stock";

const VIEWS = {
  overview: LayoutDashboard,
  safety: Shield,
  alerts: Bell,
  signals: Radio,
  model: LineChart,
  stock: Boxes,
  campaigns: Megaphone,
  events: Activity,
};
type View = keyof typeof VIEWS;

interface ShellProps {
  session: Session;
  /** Why signing out did not happen. */
  stillIn: ReactNode;
  onSignOut: () => void;
}

export function Shell({ session, stillIn, onSignOut }: ShellProps) {
  const { view, place } = useView();
  const { text } = useWords();
  useEffect(() => {
    document.title = `${text.views[view]} · LeadBoost${session.demo ? ` (${text.demo})` : ""}`;
  }, [view, text, session.demo]);
  return (
    <div className="shell">
      <a className="skip" href="#content" onClick={skip}>{text.skip}</a>
      <header className="top">
        <div className="brand"><Mark size={24} /> <span>LeadBoost</span></div>
        {session.demo && <DemoBadge />}
        <div className="top-right">
          <LinkChip />
          {allows(session.role, "operator") && <StopButton session={session} />}
          <AccountMenu session={session} onSignOut={onSignOut} />
        </div>
      </header>
      <Navigation view={view} />
      <div className="body">
        {stillIn}
        <LinkBanner />
        <HaltBanner />
        {view !== "alerts" && <AlertBanner />}
        <main id="content" tabIndex={-1} className="content">
          <h1 className="view-title">{text.views[view]}</h1>
          {view === "overview" && <Overview />}
          {view === "safety" && <Safety session={session} />}
          {view === "alerts" && <Alerts session={session} />}
          {view === "signals" && <Signals session={session} place={place} />}
          {view === "model" && <Model session={session} signal={place} />}
          {view === "stock" && <Stock session={session} />}
          {view === "campaigns" && <Campaigns session={session} />}
          {view === "events" && <Events />}
        </main>
      </div>
    </div>
  );
}

function Navigation({ view }: { view: View }) {
  const { safety, alertCounts } = useLive();
  const { text } = useWords();
  const marked = {
    safety: safety !== null && safety.halts.length > 0,
    alerts: alertCounts !== null && alertCounts.open + alertCounts.undelivered > 0,
  } as Record<string, boolean>;
  return (
    <nav className="nav" aria-label={text.navigation}>
      <ul>
        {Object.entries(VIEWS).map(([name, Icon]) => (
          <li key={name}>
            <a href={`#/${name}`} aria-current={name === view ? "page" : undefined}>
              <span className="nav-icon">
                <Icon aria-hidden size={18} strokeWidth={1.8} />
                {marked[name] && <span className="nav-dot" />}
              </span>
              {text.views[name as View]}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** Stands above every view for as long as nothing may raise spend. */
function HaltBanner() {
  const { safety, campaigns } = useLive();
  const { text } = useWords();
  if (safety === null || (safety.state === "ACTIVE" && safety.gate.open)) return null;
  if (safety.state !== "HALTED") {
    return (
      <div className="banner banner-wait" role="status">
        <p>
          <strong>{text.safety.bannerGate}</strong> {safety.gate.reasons.map((reason) => gateText(reason, text)).join("; ")}
        </p>
      </div>
    );
  }
  const items = haltedItems(safety, campaigns);
  const confirmed = items.filter((item) => item.status === "confirmed").length;
  const risk = atRisk(safety, campaigns);
  return (
    <div className="banner banner-halt" role="alert">
      <p>
        <strong>{text.safety.bannerHalted}</strong> {safety.reason !== null && phrase(safety.reason, text)}
      </p>
      <p className="banner-facts">
        {items.length > 0 && <span>{text.safety.confirmed}: {text.safety.ofTotal(confirmed, items.length)}</span>}
        {risk.count > 0 && <span>{text.safety.atRisk}: <BudgetText budget={risk} /></span>}
      </p>
    </div>
  );
}

/** Stands above other views while something critical waits for somebody. */
function AlertBanner() {
  const { alertCounts } = useLive();
  const { text } = useWords();
  if (alertCounts === null || alertCounts.critical === 0) return null;
  return (
    <div className="banner banner-wait" role="status">
      <p>
        <strong>{text.alerts.banner(alertCounts.critical)}</strong> <a className="link" href="#/alerts">{text.alerts.look}</a>
      </p>
    </div>
  );
}

/** What the address names; the overview where it names no view. */
function useView(): { view: View; place: string | undefined } {
  const [name = "", place] = useRoute();
  const view = Object.hasOwn(VIEWS, name) ? (name as View) : "overview";
  useEffect(() => {
    window.scrollTo(0, 0);
  }, [view]);
  return { view, place };
}

/** The hash names the view, so the skip link moves the focus by hand. */
function skip(clicked: { preventDefault(): void }): void {
  clicked.preventDefault();
  document.getElementById("content")?.focus();
}
