import { useEffect, useState } from "react";

import type { Topic } from "../../contract";
import { call } from "../../services/api";

export interface Topics {
  /** Null while they are not known. */
  topics: Topic[] | null;
  fault: unknown;
  put: (topics: Topic[]) => void;
}

export function useTopics(): Topics {
  const [topics, setTopics] = useState<Topic[] | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  useEffect(() => {
    let current = true;
    call<{ items: Topic[] }>("GET", "/api/topics").then(
      ({ items }) => current && setTopics(items),
      (error: unknown) => current && setFault(error),
    );
    return () => {
      current = false;
    };
  }, []);
  return { topics, fault, put: setTopics };
}
