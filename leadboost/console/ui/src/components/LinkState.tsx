import { type ReactNode } from "react";

import { useNow } from "../parts";
import type { Live } from "../services/live";
import { useLive } from "../services/liveStore";
import {
  CLOSE_GAP,
  CLOSE_GOING_AWAY,
  CLOSE_TOO_SLOW,
  type LinkStatus,
  socketService,
} from "../services/socketService";
import { useWords } from "../text";
import type { Text } from "../text/en";
import { codeText, phrase } from "../text/server";

/** The server pings every 15 s; beyond this the data on the screen is old. */
const QUIET_MS = 20_000;
/** So long can be read why this viewer was cut off, however soon it has caught up. */
const TOLD_MS = 10_000;

/** How fresh the page is, always in the header. Figures change every second, only a change of kind is announced. */
export function LinkChip() {
  const { link } = useLive();
  const { text, format } = useWords();
  const now = useNow();
  const silentMs = link.heardAt === null ? 0 : now - link.heardAt;
  const behind = link.phase === "live" && link.behind > 0;
  const quiet = silentMs > QUIET_MS;
  const tone = link.phase === "live" && !behind && !quiet ? "ok" : "wait";
  const [kind, words] =
    behind ? [text.link.isBehind, text.link.behind(format.number(link.behind))]
    : quiet ? [text.link.isOld, text.link.old(format.span(Math.floor(silentMs / 1000)))]
    : [text.link[link.phase], text.link[link.phase]];
  return (
    <span className={`chip chip-${tone}`} data-link={link.phase}>
      <span className="dot" aria-hidden />
      <span className="chip-text" aria-hidden>{words}</span>
      <span className="sr" role="status">{kind}</span>
    </span>
  );
}

/** Says why the link is down, or why this viewer has to catch up. */
export function LinkBanner() {
  const { link, health, refusal } = useLive();
  const { text } = useWords();
  const now = useNow();
  const waiting = link.phase === "waiting" || (link.phase === "connecting" && refusal !== null);
  const isFresh = link.greetedAt !== null && now - link.greetedAt < TOLD_MS;
  const wasCut = link.phase === "live" && link.code === CLOSE_TOO_SLOW && (link.behind > 0 || isFresh);
  if (!waiting && !wasCut) return null;
  if (waiting && health?.mode === "safe_mode") {
    return (
      <Banner>
        <strong>{text.boot.safe_mode}.</strong> {text.boot.safeMeaning} {health.problems.join(" · ")}
      </Banner>
    );
  }
  const detail = why(link, refusal, text);
  return (
    <Banner mayReconnect={link.phase === "waiting"}>
      <strong>{what(link, refusal, text.link)}</strong> {waiting && text.link.stale} {detail !== null && <span>{detail}</span>}
    </Banner>
  );
}

function Banner({ mayReconnect = false, children }: { mayReconnect?: boolean; children: ReactNode }) {
  const { text } = useWords();
  return (
    <div className="banner banner-wait" role="status">
      <p>{children}</p>
      {mayReconnect && (
        <button type="button" className="button small" onClick={() => socketService.hurry()}>
          {text.link.reconnect}
        </button>
      )}
    </div>
  );
}

function what(link: LinkStatus, refusal: Live["refusal"], text: Text["link"]): string {
  if (refusal !== null) return text.refused;
  if (link.code === CLOSE_TOO_SLOW) return link.phase === "live" && link.behind === 0 ? text.caughtUp : text.tooSlow;
  if (link.code === CLOSE_GAP) return link.reason === "silent" ? text.silent : text.gap;
  return link.code === CLOSE_GOING_AWAY ? text.stopped : text.lost;
}

function why(link: LinkStatus, refusal: Live["refusal"], text: Text): string | null {
  if (refusal !== null) return codeText(refusal.code, refusal.detail, text);
  const isOwn = link.code === CLOSE_GAP;
  return link.reason === null || isOwn ? null : text.link.reason(phrase(link.reason, text));
}
