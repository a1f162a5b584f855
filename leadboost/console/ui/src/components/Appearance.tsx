import { useId, useState } from "react";

import { type Language, LANGUAGES, useWords } from "../text";
import { readTheme, setTheme, type Theme } from "../theme";

export function LanguageSwitch() {
  const { text, language, setLanguage } = useWords();
  return (
    <Choice
      label={text.menu.language}
      value={language}
      options={Object.entries(LANGUAGES).map(([key, words]) => [key as Language, words.language])}
      onChange={setLanguage}
    />
  );
}

export function ThemeSwitch() {
  const { text } = useWords();
  const [theme, choose] = useState(readTheme);
  const options: [Theme, string][] = [
    ["system", text.menu.system],
    ["light", text.menu.light],
    ["dark", text.menu.dark],
  ];
  const change = (chosen: Theme) => {
    setTheme(chosen);
    choose(chosen);
  };
  return <Choice label={text.menu.theme} value={theme} options={options} onChange={change} />;
}

interface ChoiceProps<T extends string> {
  label: string;
  value: T;
  options: [T, string][];
  onChange: (chosen: T) => void;
}

function Choice<T extends string>({ label, value, options, onChange }: ChoiceProps<T>) {
  const name = useId();
  return (
    <fieldset className="choice">
      <legend>{label}</legend>
      <div className="choice-options">
        {options.map(([key, words]) => (
          <label key={key}>
            <input type="radio" name={name} value={key} checked={key === value} onChange={() => onChange(key)} />
            <span>{words}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
