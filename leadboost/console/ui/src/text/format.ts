/** Numbers, amounts and times as this viewer writes them. What is not known is a dash, never zero. */

export const UNKNOWN = "—";
const SHORTEST_S = 0.01;
const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86_400;
const DATE = /^\d{4}-\d{2}-\d{2}$/;

export class Format {
  private readonly time: Intl.DateTimeFormat;
  private readonly day: Intl.DateTimeFormat;
  private readonly date: Intl.DateTimeFormat;
  private readonly full: Intl.DateTimeFormat;
  private readonly languages: Intl.DisplayNames;
  readonly zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;

  constructor(private readonly locale: string) {
    this.time = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
    this.day = new Intl.DateTimeFormat(locale, {
      day: "numeric",
      month: "short",
      hour: "2-digit",
      minute: "2-digit",
    });
    this.languages = new Intl.DisplayNames(locale, { type: "language", fallback: "code" });
    this.date = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" });
    this.full = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "long" });
  }

  number(value: number | null | undefined, digits = 0): string {
    if (value === null || value === undefined) return UNKNOWN;
    const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    return new Intl.NumberFormat(this.locale, options).format(value);
  }

  /** At most one decimal: 8, 2.5. */
  rate(value: number | null | undefined): string {
    if (value === null || value === undefined) return UNKNOWN;
    return new Intl.NumberFormat(this.locale, { maximumFractionDigits: 1 }).format(value);
  }

  percent(value: number | null | undefined, digits = 0): string {
    if (value === null || value === undefined) return UNKNOWN;
    return new Intl.NumberFormat(this.locale, {
      style: "percent",
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    }).format(value);
  }

  /** With its sign, also where it is positive; 0 has none. */
  signed(value: number | null | undefined, digits = 0): string {
    if (value === null || value === undefined) return UNKNOWN;
    const options = { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: "exceptZero" } as const;
    return new Intl.NumberFormat(this.locale, options).format(value);
  }

  /** A share that may be a gain or a loss: +45 %, -12 %. */
  gain(value: number | null | undefined, digits = 0): string {
    if (value === null || value === undefined) return UNKNOWN;
    return new Intl.NumberFormat(this.locale, { style: "percent", maximumFractionDigits: digits, signDisplay: "exceptZero" }).format(value);
  }

  /** The name of a language by its code, the code itself where it has none. */
  language(code: string): string {
    try {
      return this.languages.of(code) ?? code;
    } catch {
      return code;
    }
  }

  money(amount: number | null | undefined, currency: string | null | undefined): string {
    if (amount === null || amount === undefined || !currency) return UNKNOWN;
    return new Intl.NumberFormat(this.locale, { style: "currency", currency }).format(amount);
  }

  /** Time of day today, day and time otherwise; a mere date is the same in every zone. */
  at(iso: string | null | undefined): string {
    if (DATE.test(iso ?? "")) return this.date.format(new Date(iso ?? ""));
    const moment = parse(iso);
    if (moment === null) return UNKNOWN;
    const today = moment.toDateString() === new Date().toDateString();
    return (today ? this.time : this.day).format(moment);
  }

  exactly(iso: string | null | undefined): string {
    const moment = parse(iso);
    return moment === null ? UNKNOWN : this.full.format(moment);
  }

  /** A measured duration, hundredths where they matter. */
  took(seconds: number): string {
    return seconds < SHORTEST_S ? `< ${this.number(SHORTEST_S, 2)} s` : `${this.number(seconds, 2)} s`;
  }

  /** An age in whole units as a person says it: 14 s, 3 min, 2 h, 5 d. */
  span(seconds: number | null | undefined): string {
    if (seconds === null || seconds === undefined) return UNKNOWN;
    if (seconds < MINUTE_S) return `${this.number(Math.floor(seconds))} s`;
    if (seconds < HOUR_S) return `${this.number(Math.floor(seconds / MINUTE_S))} min`;
    if (seconds < DAY_S) return `${this.number(Math.floor(seconds / HOUR_S))} h`;
    return `${this.number(Math.floor(seconds / DAY_S))} d`;
  }
}

/** Whole seconds since then, 0 at least; null when it is not known. */
export function ageS(iso: string | null | undefined, nowMs: number): number | null {
  const moment = parse(iso);
  return moment === null ? null : Math.max(Math.floor((nowMs - moment.getTime()) / 1000), 0);
}

function parse(iso: string | null | undefined): Date | null {
  const moment = new Date(iso ?? Number.NaN);
  return Number.isNaN(moment.getTime()) ? null : moment;
}
