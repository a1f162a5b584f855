/**
 * The start of the daemon as the daemon tells it: every stage and component with the time it took.
 * Nothing is simulated; bars are drawn to scale, and stages start one after the other.
 */
import { Check, LoaderCircle, TriangleAlert } from "lucide-react";
import { useEffect, useRef, useState } from "react";

import type { Component, Health, Session } from "../contract";
import { allows } from "../figures";
import { DemoBadge } from "../parts";
import { readHealth } from "../services/api";
import { useWords } from "../text";
import { Mark } from "./Mark";
import { StopButton } from "./Safety/StopButton";

const POLL_MS = 300;
/** Long enough to read that it runs; a click goes on at once. */
const SHOWN_MS = 1200;
const FADE_MS = 250;

interface SystemBootProps {
  /** Who is signed in: in safe mode that person may go on, to see the halt and to stop. */
  session: Session | null;
  onDone: () => void;
}

export function SystemBoot({ session, onDone }: SystemBootProps) {
  const { health, reachable } = useHealth();
  const { text } = useWords();
  const [leaving, setLeaving] = useState(false);
  const running = health?.mode === "running";
  const done = useRef(onDone);
  done.current = onDone;
  useEffect(() => {
    if (!running) return undefined;
    const fade = window.setTimeout(() => setLeaving(true), SHOWN_MS);
    return () => window.clearTimeout(fade);
  }, [running]);
  useEffect(() => {
    if (!leaving) return undefined;
    const end = window.setTimeout(() => done.current(), FADE_MS);
    return () => window.clearTimeout(end);
  }, [leaving]);

  const mode = health?.mode ?? "starting";
  return (
    <main className={leaving ? "boot boot-leaving" : "boot"} data-mode={reachable ? mode : "unreachable"}>
      <header className="boot-head">
        <Mark />
        <h1>{reachable ? text.boot[mode] : text.boot.unreachable}</h1>
        <p className="quiet">{health !== null && text.menu.version(health.version)}</p>
        {health?.demo && <DemoBadge />}
      </header>
      {health !== null && health.problems.length > 0 && (
        <div className="alert alert-wait" role="alert">
          <p>{text.boot.safeMeaning}</p>
          <ul>{health.problems.map((problem) => <li key={problem}>{problem}</li>)}</ul>
        </div>
      )}
      {health !== null && <Stages components={health.components} />}
      {(running || (mode === "safe_mode" && session !== null)) && (
        <div className="boot-go">
          {!running && session !== null && allows(session.role, "operator") && (
            <StopButton session={session} onStopped={onDone} />
          )}
          <button type="button" className="button" onClick={() => setLeaving(true)}>{text.boot.go}</button>
        </div>
      )}
    </main>
  );
}

function Stages({ components }: { components: Component[] }) {
  const { text, format } = useWords();
  const stages = components.filter((component) => !isActor(component));
  const actors = components.filter(isActor);
  const total = stages.reduce((sum, stage) => sum + (stage.took_s ?? 0), 0);
  const begins = (index: number) => stages.slice(0, index).reduce((sum, stage) => sum + (stage.took_s ?? 0), 0);
  const complete = stages.length > 0 && stages.every((stage) => stage.took_s != null);
  return (
    <>
      <section className="boot-part" aria-label={text.boot.stages}>
        <h2>{text.boot.stages}</h2>
        <ol className="boot-stages">
          {stages.map((stage, index) => (
            <Stage key={stage.name} stage={stage} begin={begins(index)} total={total} />
          ))}
        </ol>
        {complete && <p className="boot-total">{text.boot.total(format.took(total))}</p>}
      </section>
      {actors.length > 0 && (
        <section className="boot-part" aria-label={text.boot.actors}>
          <h2>{text.boot.actors}</h2>
          <ul className="boot-actors">
            {actors.map((actor) => (
              <li key={actor.name} className={`boot-${kind(actor)}`} title={actor.detail ?? undefined}>
                <State component={actor} />
                <span>{text.boot.names[actor.name] ?? actor.name}</span>
                <span className="boot-took">{actor.took_s != null ? format.took(actor.took_s) : ""}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function Stage({ stage, begin, total }: { stage: Component; begin: number; total: number }) {
  const { text, format } = useWords();
  const share = (seconds: number) => `${total === 0 ? 0 : (100 * seconds) / total}%`;
  const state = stage.state.toLowerCase();
  return (
    <li className={`boot-${kind(stage)}`} data-stage={stage.name}>
      <State component={stage} />
      <span className="boot-name">{text.boot.names[stage.name] ?? stage.name}</span>
      <span className="boot-track" aria-hidden>
        {stage.took_s != null && <span style={{ marginLeft: share(begin), width: share(stage.took_s) }} />}
      </span>
      <span className="boot-took">
        {stage.took_s != null && kind(stage) === "done" ? format.took(stage.took_s) : (text.boot.states[state] ?? stage.state)}
      </span>
    </li>
  );
}

function State({ component }: { component: Component }) {
  const icon = { size: 14, strokeWidth: 2.5, "aria-hidden": true } as const;
  switch (kind(component)) {
    case "done":
      return <Check {...icon} />;
    case "busy":
      return <LoaderCircle {...icon} className="spin" />;
    default:
      return <TriangleAlert {...icon} />;
  }
}

function kind({ state }: Component): "done" | "busy" | "trouble" {
  if (state === "started" || state === "RUNNING") return "done";
  return state === "starting" || state === "STARTING" || state === "stopping" ? "busy" : "trouble";
}

/** Actors tell their state in capitals, stages in small letters. */
function isActor({ state }: Component): boolean {
  return state !== "" && state === state.toUpperCase();
}

function useHealth(): { health: Health | null; reachable: boolean } {
  const [known, setKnown] = useState<{ health: Health | null; reachable: boolean }>({ health: null, reachable: true });
  useEffect(() => {
    let timer = 0;
    let over = false;
    const poll = async () => {
      try {
        const health = await readHealth<Health>();
        if (!over) setKnown({ health, reachable: true });
        if (health.mode === "running") return;
      } catch {
        if (!over) setKnown(({ health }) => ({ health, reachable: false }));
      }
      if (!over) timer = window.setTimeout(() => void poll(), POLL_MS);
    };
    void poll();
    return () => {
      over = true;
      window.clearTimeout(timer);
    };
  }, []);
  return known;
}
