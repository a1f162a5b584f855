/** An address from outside as far as it is harmless to follow. */
export interface SafeLink {
  href: string;
  /** Host and path, the host as the browser resolves it. */
  shown: string;
}

/** Only whole http and https addresses without a login in them; null is for anything else. */
export function safeLink(address: string | null | undefined): SafeLink | null {
  if (!address || !URL.canParse(address)) return null;
  const url = new URL(address);
  const isWeb = url.protocol === "https:" || url.protocol === "http:";
  if (!isWeb || url.username !== "" || url.password !== "") return null;
  return { href: url.href, shown: `${url.host}${url.pathname === "/" ? "" : url.pathname}` };
}
