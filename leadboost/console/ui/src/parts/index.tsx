/** Small pieces that every view uses. */
import type { LucideIcon } from "lucide-react";
import { type ReactNode, useEffect, useId, useState } from "react";

import { useWords } from "../text";

export type Tone = "calm" | "ok" | "wait" | "halt" | "accent";

export function Badge({ tone, children }: { tone: Tone; children: ReactNode }) {
  return <span className={`badge badge-${tone}`}>{children}</span>;
}

export function DemoBadge() {
  const { text } = useWords();
  return (
    <span className="demo" title={text.demoMeaning}>
      {text.demo}
    </span>
  );
}

interface CardProps {
  title: string;
  aside?: ReactNode;
  className?: string;
  children: ReactNode;
}

export function Card({ title, aside, className = "", children }: CardProps) {
  const id = useId();
  return (
    <section className={`card ${className}`} aria-labelledby={id}>
      <header className="card-head">
        <h2 id={id}>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

export function Empty({ icon: Icon, title, children }: { icon: LucideIcon; title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <Icon aria-hidden size={20} strokeWidth={1.6} />
      <p className="empty-title">{title}</p>
      {children !== undefined && <p>{children}</p>}
    </div>
  );
}

/** Room for what is being loaded, so that nothing jumps when it comes. */
export function Skeleton({ lines, label }: { lines: number; label: string }) {
  return (
    <div className="skeleton" role="status" aria-label={label}>
      {Array.from({ length: lines }, (_, index) => (
        <span key={index} />
      ))}
    </div>
  );
}

export function Figure({ label, value, note, tone, hint }: { label: string; value: ReactNode; note?: ReactNode; tone?: Tone; hint?: string }) {
  return (
    <div className="figure" title={hint}>
      <dt>{label}</dt>
      <dd className={tone === undefined ? "" : `tone-${tone}`}>
        {value}
        {note !== undefined && <small>{note}</small>}
      </dd>
    </div>
  );
}

export function Alert({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <p className={`alert alert-${tone}`} role="alert">
      {children}
    </p>
  );
}

/** The time now, milliseconds, redrawn every second. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), 1000);
    return () => window.clearInterval(timer);
  }, []);
  return now;
}
