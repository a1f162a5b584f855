interface FilterProps {
  label: string;
  all: string;
  value: string;
  options: [value: string, words: string][];
  onChange: (value: string) => void;
}

export function Filter({ label, all, value, options, onChange }: FilterProps) {
  return (
    <label className="field">
      <span className="sr">{label}</span>
      <select value={value} onChange={(change) => onChange(change.target.value)}>
        <option value="">{all}</option>
        {options.map(([key, words]) => (
          <option key={key} value={key}>{words}</option>
        ))}
      </select>
    </label>
  );
}
