import type { ReactNode } from "react";

interface TabsProps {
  label: string;
  tabs: { href: string; words: string; current: boolean; note?: ReactNode }[];
}

/** Places within a view, each with its own address. */
export function Tabs({ label, tabs }: TabsProps) {
  return (
    <nav className="tabs" aria-label={label}>
      <ul>
        {tabs.map(({ href, words, current, note }) => (
          <li key={href}>
            <a href={href} aria-current={current ? "page" : undefined}>{words}{note}</a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
