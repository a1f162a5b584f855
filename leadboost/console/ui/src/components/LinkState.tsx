import { useNow } from "../parts";
import { useLive } from "../services/liveStore";
import {
  CLOSE_GOING_AWAY,
  CLOSE_TOO_SLOW,
  type LinkStatus,
  socketService,
} from "../services/socketService";
import { useWords } from "../text";

/** The server pings every 15 s; beyond this the data on the screen is old. */
const QUIET_MS = 20_000;

/** How fresh the page is, always in the header. */
export function LinkChip() {
  const { link } = useLive();
  const { text, format } = useWords();
  const now = useNow();
  const silentMs = link.heardAt === null ? 0 : now - link.heardAt;
  const behind = link.phase === "live" && link.behind > 0;
  const quiet = silentMs > QUIET_MS;
  const tone = link.phase === "live" && !behind && !quiet ? "ok" : "wait";
  const words = behind ? text.link.behind(format.number(link.behind))
    : quiet ? text.link.old(format.span(Math.floor(silentMs / 1000)))
    : text.link[link.phase];
  return (
    <span className={`chip chip-${tone}`} role="status" data-link={link.phase}>
      <span className="dot" aria-hidden />
      <span className="chip-text">{words}</span>
    </span>
  );
}

/** Says why the link is down, or why this viewer has to catch up. */
export function LinkBanner() {
  const { link, health } = useLive();
  const { text } = useWords();
  const safeMode = link.phase === "waiting" && health?.mode === "safe_mode";
  const catchingUp = link.code === CLOSE_TOO_SLOW && link.behind > 0;
  if (link.phase !== "waiting" && !catchingUp) return null;
  if (safeMode) {
    return (
      <div className="banner banner-wait" role="status">
        <p>
          <strong>{text.boot.safe_mode}.</strong> {text.boot.safeMeaning} {health.problems.join(" · ")}
        </p>
      </div>
    );
  }
  return (
    <div className="banner banner-wait" role="status">
      <p>
        <strong>{why(link, text.link)}</strong> {!catchingUp && text.link.stale}{" "}
        {link.reason !== null && <span>{text.link.reason(link.reason)}</span>}
      </p>
      {link.phase === "waiting" && (
        <button type="button" className="button small" onClick={() => socketService.hurry()}>
          {text.link.reconnect}
        </button>
      )}
    </div>
  );
}

function why(link: LinkStatus, text: { tooSlow: string; stopped: string; lost: string }): string {
  if (link.code === CLOSE_TOO_SLOW) return text.tooSlow;
  return link.code === CLOSE_GOING_AWAY ? text.stopped : text.lost;
}
