import { type FormEvent, type ReactNode, useEffect, useId, useState } from "react";

import type { Health, Session } from "../contract";
import { Alert, DemoBadge } from "../parts";
import { ApiError, call, readHealth } from "../services/api";
import { useWords } from "../text";
import { problemText } from "../text/server";
import { LanguageSwitch, ThemeSwitch } from "./Appearance";
import { Mark } from "./Mark";

interface SignInProps {
  /** Said above the form: why it is shown again. */
  note: string | null;
  onSession: (session: Session) => void;
}

export function SignIn({ note, onSession }: SignInProps) {
  const { text } = useWords();
  const demo = useDemo();
  const words = (error: ApiError) =>
    error.status === 401 ? text.signIn.wrong
    : error.status === 429 ? text.signIn.wait(Math.ceil(error.retryAfterS ?? 1))
    : error.status === 0 ? text.signIn.unreachable
    : problemText(error, text);
  return (
    <Gate title={text.signIn.title} lead={text.signIn.lead} demo={demo} foot={demo ? text.signIn.noPassword : text.signIn.noAccount}>
      {note !== null && <Alert tone="wait">{note}</Alert>}
      <Credentials
        labels={text.signIn}
        isNew={false}
        send={(name, password) => call<Session>("POST", "/api/session", { name, password })}
        explain={words}
        onSession={onSession}
      />
    </Gate>
  );
}

/** What the single-use link asks for where there is no account yet. */
export function FirstAccount({ token, onSession }: { token: string; onSession: (session: Session) => void }) {
  const { text } = useWords();
  return (
    <Gate title={text.first.title} lead={text.first.lead} demo={false}>
      <Credentials
        labels={text.first}
        isNew
        send={(name, password) => call<Session>("POST", "/api/session/first", { token, name, password })}
        explain={(error) => (error.status === 401 ? text.first.used : problemText(error, text))}
        onSession={onSession}
      />
    </Gate>
  );
}

interface GateProps {
  title: string;
  lead: string;
  demo: boolean;
  foot?: string;
  children: ReactNode;
}

function Gate({ title, lead, demo, foot, children }: GateProps) {
  return (
    <main className="gate">
      <div className="gate-card">
        <div className="brand"><Mark /> <span>LeadBoost</span> {demo && <DemoBadge />}</div>
        <h1>{title}</h1>
        <p className="quiet">{lead}</p>
        {children}
        {foot !== undefined && <p className="gate-foot">{foot}</p>}
      </div>
      <div className="gate-switches">
        <LanguageSwitch />
        <ThemeSwitch />
      </div>
    </main>
  );
}

/** Whether the daemon runs a demonstration; nobody is signed in yet who could be told. */
function useDemo(): boolean {
  const [demo, setDemo] = useState(false);
  useEffect(() => {
    readHealth<Health>().then((health) => setDemo(health.demo), () => undefined);
  }, []);
  return demo;
}

interface CredentialsProps {
  labels: { name: string; password: string; submit: string; hint?: string };
  isNew: boolean;
  send: (name: string, password: string) => Promise<Session>;
  explain: (error: ApiError) => string;
  onSession: (session: Session) => void;
}

function Credentials({ labels, isNew, send, explain, onSession }: CredentialsProps) {
  const id = useId();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);

  async function submit(submitted: FormEvent) {
    submitted.preventDefault();
    setBusy(true);
    setFault(null);
    try {
      onSession(await send(name, password));
    } catch (error) {
      setFault(error instanceof ApiError ? explain(error) : String(error));
      setBusy(false);
    }
  }

  return (
    <form className="credentials" onSubmit={(submitted) => void submit(submitted)}>
      <label htmlFor={`${id}name`}>{labels.name}</label>
      <input id={`${id}name`} required autoFocus autoComplete="username" autoCapitalize="none" spellCheck={false} value={name} onChange={(change) => setName(change.target.value)} />
      <label htmlFor={`${id}password`}>{labels.password}</label>
      <input id={`${id}password`} type="password" required autoComplete={isNew ? "new-password" : "current-password"} value={password} onChange={(change) => setPassword(change.target.value)} />
      {labels.hint !== undefined && <p className="quiet">{labels.hint}</p>}
      {fault !== null && <Alert tone="wait">{fault}</Alert>}
      <button type="submit" className="button primary" disabled={busy}>{labels.submit}</button>
    </form>
  );
}
