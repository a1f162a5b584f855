/** Language, appearance, and how numbers and times are written for this viewer. */
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";

import { en, type Text } from "./en";
import { es } from "./es";
import { Format } from "./format";

export type Language = "en" | "es";
export const LANGUAGES: Record<Language, Text> = { en, es };

interface Words {
  text: Text;
  format: Format;
  language: Language;
  setLanguage(language: Language): void;
}

const KEY = "leadboost.language";
const Context = createContext<Words | null>(null);

function initial(): Language {
  const kept = localStorage.getItem(KEY);
  if (kept === "en" || kept === "es") return kept;
  const wanted = navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase());
  return wanted.find((tag): tag is Language => tag in LANGUAGES) ?? "en";
}

export function WordsProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(initial);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const words = useMemo<Words>(
    () => ({
      text: LANGUAGES[language],
      format: new Format(locale(language)),
      language,
      setLanguage(chosen) {
        localStorage.setItem(KEY, chosen);
        setLanguage(chosen);
      },
    }),
    [language],
  );
  return <Context value={words}>{children}</Context>;
}

/** The viewer's own regional form of the language, where the browser names one. */
function locale(language: Language): string {
  return navigator.languages.find((tag) => tag.toLowerCase().startsWith(language)) ?? language;
}

export function useWords(): Words {
  const words = useContext(Context);
  if (words === null) throw new Error("useWords outside WordsProvider");
  return words;
}
