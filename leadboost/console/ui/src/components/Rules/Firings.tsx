import { BellOff } from "lucide-react";

import type { Firing } from "../../contract";
import { Badge, Card, Empty } from "../../parts";
import { useWords } from "../../text";
import { phrase } from "../../text/server";
import { scopeText } from "../Events/describe";

const SHOWN = 20;

export function Firings({ firings }: { firings: Firing[] }) {
  const { text, format } = useWords();
  return (
    <Card title={text.rules.firings}>
      {firings.length === 0 ? <Empty icon={BellOff} title={text.rules.noFirings}>{text.rules.noFiringsMeaning}</Empty> : (
        <ul className="rule-firings">
          {firings.slice(0, SHOWN).map((each) => (
            <li key={`${each.rule} ${each.subject} ${each.at}`} data-firing={each.rule} data-shadow={each.shadow}>
              <time dateTime={each.at} title={format.exactly(each.at)}>{format.at(each.at)}</time>
              <Badge tone={each.shadow ? "calm" : each.action === "halt" ? "halt" : "wait"}>
                {each.shadow ? text.rules.modes.shadow : text.rules.actions[each.action]}
              </Badge>
              <span><strong>{each.rule}</strong> · {scopeText(each.subject, text)} · {phrase(each.detail, text)}</span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
