/** Tells that somebody is in front of the page: only that keeps a login from running out. */

const AT_MOST_EVERY_MS = 60_000;
const SIGNS = ["pointerdown", "pointermove", "keydown"] as const;

/** Call `tell` at a sign of life, at most once a minute, until the answer is called. */
export function watchPresence(place: EventTarget, tell: () => void, now: () => number = Date.now): () => void {
  let toldAt = now(); // opening the page was one
  const notice = () => {
    if (now() - toldAt < AT_MOST_EVERY_MS) return;
    toldAt = now();
    tell();
  };
  for (const sign of SIGNS) place.addEventListener(sign, notice, { passive: true });
  return () => {
    for (const sign of SIGNS) place.removeEventListener(sign, notice);
  };
}
