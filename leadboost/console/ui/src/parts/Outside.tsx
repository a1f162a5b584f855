import { ExternalLink } from "lucide-react";

import { safeLink } from "../text/links";

/** An address that anybody may have written: a link where that is harmless, else its letters alone. */
export function Outside({ address }: { address: string }) {
  const link = safeLink(address);
  if (link === null) return <span className="outside">{address}</span>;
  return (
    <a className="outside" href={link.href} target="_blank" rel="noopener noreferrer nofollow">
      {link.shown} <ExternalLink aria-hidden size={12} />
    </a>
  );
}
