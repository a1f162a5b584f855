import { CircleUserRound, LogOut } from "lucide-react";

import type { Session } from "../contract";
import { useLive } from "../services/liveStore";
import { useWords } from "../text";
import { LanguageSwitch, ThemeSwitch } from "./Appearance";

const MENU = "account-menu";

export function AccountMenu({ session, onSignOut }: { session: Session; onSignOut: () => void }) {
  const { health } = useLive();
  const { text } = useWords();
  return (
    <>
      <button type="button" className="button icon-only account" popoverTarget={MENU} aria-label={text.menu.account}>
        <CircleUserRound aria-hidden size={18} />
      </button>
      <div id={MENU} popover="auto" className="menu">
        <p className="menu-who">
          <span className="quiet">{text.menu.signedInAs}</span>
          <strong>{session.name}</strong>
          <span className="quiet">{text.roles[session.role]}</span>
        </p>
        <LanguageSwitch />
        <ThemeSwitch />
        <button type="button" className="button" popoverTarget={MENU} popoverTargetAction="hide" onClick={onSignOut}>
          <LogOut aria-hidden size={16} /> {text.menu.signOut}
        </button>
        {health !== null && <p className="quiet">{text.menu.version(health.version)}</p>}
      </div>
    </>
  );
}
