import { type ReactNode, useId } from "react";

interface FieldProps {
  label: string;
  hint?: string;
  faults?: string[];
  /** Draws the control; it takes these attributes. */
  children: (control: ControlProps) => ReactNode;
}

export interface ControlProps {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": boolean | undefined;
}

/** A labelled control; what the server finds wrong with it stands below it. */
export function Field({ label, hint, faults = [], children }: FieldProps) {
  const id = useId();
  const wrong = faults.length > 0;
  const described = [hint !== undefined && `${id}hint`, wrong && `${id}fault`].filter(Boolean).join(" ");
  return (
    <div className="form-field">
      <label htmlFor={id}>{label}</label>
      {children({ id, "aria-describedby": described || undefined, "aria-invalid": wrong || undefined })}
      {hint !== undefined && <p className="quiet" id={`${id}hint`}>{hint}</p>}
      {wrong && <p className="field-fault" id={`${id}fault`} role="alert">{faults.join(" ")}</p>}
    </div>
  );
}
