/** A planned spend as it is typed, and as /predict takes it. */

export const PLATFORMS = ["meta_ads", "google_ads", "tiktok_ads"];

export interface Plan {
  spend: string;
  text: string;
  platform: string;
  source: string;
  /** Its id; empty for none. */
  signal: string;
  attributes: { key: number; name: string; value: string }[];
}

/** What nobody typed is left out: the server says what it cannot do without. */
export function bodyOf({ spend, text, platform, source, signal, attributes }: Plan): Record<string, unknown> {
  const named = attributes.filter(({ name, value }) => name.trim() !== "" || value.trim() !== "");
  return {
    ...(spend !== "" && { spend }),
    ...(text.trim() !== "" && { text: text.trim() }),
    ...(platform.trim() !== "" && { platform: platform.trim() }),
    ...(source.trim() !== "" && { source: source.trim() }),
    ...(signal !== "" && { signal_ids: [signal] }),
    ...(named.length > 0 && { attributes: Object.fromEntries(named.map(({ name, value }) => [name.trim(), value.trim()])) }),
  };
}
