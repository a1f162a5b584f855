import { useWords } from "../text";
import { ageS } from "../text/format";
import { useNow } from "./index";

interface AgeProps {
  at: string;
  /** Turns the age into a phrase; without, it stands alone. */
  words?: (age: string) => string;
}

/** How long ago something was, with the exact time behind it. */
export function Age({ at, words = (age) => age }: AgeProps) {
  const { format } = useWords();
  return (
    <time dateTime={at} title={format.exactly(at)}>
      {words(format.span(ageS(at, useNow())))}
    </time>
  );
}
