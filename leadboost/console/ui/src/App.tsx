import { useCallback, useEffect, useState } from "react";

import { Shell } from "./components/Shell";
import { FirstAccount, SignIn } from "./components/SignIn";
import { SystemBoot } from "./components/SystemBoot";
import type { Health, Session } from "./contract";
import { ApiError, call, readHealth, whenSignedOut } from "./services/api";
import { liveStore, useLive } from "./services/liveStore";
import { useWords } from "./text";
import { problemText } from "./text/server";

const BOOT_SEEN = "leadboost.boot-seen";

type Phase =
  | { name: "asking" }
  | { name: "boot"; session: Session | null }
  | { name: "sign-in"; note: string | null }
  | { name: "first"; token: string }
  | { name: "console"; session: Session };

export function App({ firstToken }: { firstToken: string | null }) {
  const [phase, setPhase] = useState<Phase>({ name: "asking" });
  const [token, setToken] = useState(firstToken);
  const { text } = useWords();

  const welcome = useCallback((session: Session) => {
    setToken(null);
    const seen = sessionStorage.getItem(BOOT_SEEN) !== null;
    setPhase(seen ? { name: "console", session } : { name: "boot", session });
  }, []);

  const ask = useCallback(async () => {
    try {
      welcome(await openSession(token));
    } catch (error) {
      const phase = withoutSession(error, token, text.first.used, (fault) => problemText(fault, text));
      setPhase(phase.name === "sign-in" && !(await isAtWork()) ? { name: "boot", session: null } : phase);
    }
  }, [token, text, welcome]);

  const asking = phase.name === "asking";
  useEffect(() => {
    if (asking) void ask();
  }, [asking, ask]);

  const leave = useCallback((note: string | null) => {
    liveStore.stop();
    setToken(null);
    setPhase({ name: "sign-in", note });
  }, []);


  switch (phase.name) {
    case "asking":
      return <main className="boot" aria-busy="true" />;
    case "sign-in":
      return <SignIn note={phase.note} onSession={welcome} />;
    case "first":
      return <FirstAccount token={phase.token} onSession={welcome} />;
    case "boot":
      return (
        <SystemBoot
          session={phase.session}
          onDone={() => {
            sessionStorage.setItem(BOOT_SEEN, "yes");
            const { session } = phase;
            setPhase(session === null ? { name: "asking" } : { name: "console", session });
          }}
        />
      );
    case "console":
      return <Console session={phase.session} onSignedOut={() => leave(null)} onExpired={() => leave(text.signIn.expired)} />;
  }
}

interface ConsoleProps {
  session: Session;
  onSignedOut: () => void;
  onExpired: () => void;
}

function Console({ session, onSignedOut, onExpired }: ConsoleProps) {
  const { link } = useLive();
  const { fault, signOut } = useSignOut(onSignedOut);
  useEffect(() => {
    liveStore.start();
    return () => liveStore.stop();
  }, []);
  useEffect(() => {
    whenSignedOut(onExpired);
    if (link.phase === "signed_out") onExpired();
    return () => whenSignedOut(() => {});
  }, [link.phase, onExpired]);
  return <Shell session={session} stillIn={<StillSignedIn fault={fault} onRetry={signOut} />} onSignOut={signOut} />;
}

/** Signs out, or says why it did not happen: nobody walks away from a login that is still open. */
function useSignOut(onSignedOut: () => void) {
  const [fault, setFault] = useState<ApiError | null>(null);
  const signOut = () => {
    setFault(null);
    call("DELETE", "/api/session").then(onSignedOut, (error: ApiError) => {
      if (error.status === 401) onSignedOut();
      else setFault(error);
    });
  };
  return { fault, signOut };
}

function StillSignedIn({ fault, onRetry }: { fault: ApiError | null; onRetry: () => void }) {
  const { text } = useWords();
  if (fault === null) return null;
  return (
    <div className="banner banner-wait" role="alert">
      <p>
        <strong>{text.menu.notSignedOut}</strong> {problemText(fault, text)}
      </p>
      <button type="button" className="button small" onClick={onRetry}>{text.retry}</button>
    </div>
  );
}

/** Who is signed in, by the single-use link where there is one. Throws ApiError. */
async function openSession(token: string | null): Promise<Session> {
  if (token === null) return call<Session>("GET", "/api/session");
  try {
    return await call<Session>("POST", "/api/session/first", { token });
  } catch (error) {
    // A used link in the browser that used it: the login that came of it may still hold.
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    return call<Session>("GET", "/api/session");
  }
}

/** Whether anybody can sign in now: in safe mode nobody can, and boot says why. */
async function isAtWork(): Promise<boolean> {
  const health = await readHealth<Health>().catch(() => null);
  return health?.mode === "running";
}

function withoutSession(error: unknown, token: string | null, used: string, said: (error: unknown) => string): Phase {
  const status = error instanceof ApiError ? error.status : 0;
  if (token !== null && status === 422) return { name: "first", token };
  if (status === 401) return { name: "sign-in", note: token === null ? null : used };
  if (status === 0 || status >= 500) return { name: "boot", session: null };
  return { name: "sign-in", note: said(error) };
}
