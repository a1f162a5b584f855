import { useState } from "react";

import type { ModelReply, ModelVersion } from "../../contract";
import { Badge, Card } from "../../parts";
import { useWords } from "../../text";
import { UNKNOWN } from "../../text/format";
import { Rollback } from "./Rollback";

const SHOWN_SHA = 12;
const FEW = 8;

export function Versions({ report, mayRollBack }: { report: ModelReply; mayRollBack: boolean }) {
  const { text } = useWords();
  const { columns } = text.model;
  const [isWhole, setWhole] = useState(false);
  const versions = report.versions.toSorted((a, b) => b.version - a.version);
  if (versions.length === 0) return null;
  return (
    <Card title={text.model.versions}>
      <table className="table version-table">
        <thead>
          <tr>
            <th scope="col">{columns.version}</th>
            <th scope="col" className="number">{columns.outcomes}</th>
            <th scope="col" className="number">{columns.mae}</th>
            <th scope="col" className="number">{columns.baseline}</th>
            <th scope="col" className="number">{columns.coverage}</th>
            <th scope="col">{columns.sha256}</th>
            {mayRollBack && <th scope="col"><span className="sr">{text.rollback.button}</span></th>}
          </tr>
        </thead>
        <tbody>
          {(isWhole ? versions : versions.slice(0, FEW)).map((version) => (
            <VersionRow key={version.version} version={version} mayRollBack={mayRollBack} />
          ))}
        </tbody>
      </table>
      {!isWhole && versions.length > FEW && (
        <button type="button" className="button more" onClick={() => setWhole(true)}>{text.model.allVersions(versions.length)}</button>
      )}
    </Card>
  );
}

function VersionRow({ version, mayRollBack }: { version: ModelVersion; mayRollBack: boolean }) {
  const { text, format } = useWords();
  const { columns } = text.model;
  return (
    <tr data-version={version.version} data-serving={version.serving}>
      <th scope="row">
        <span className="row-title">
          {format.number(version.version)} {version.serving && <Badge tone="ok">{text.model.serving}</Badge>}
        </span>
        <span className="quiet" title={format.exactly(version.created_at)}>{format.at(version.created_at)}</span>
      </th>
      <td className="number" data-label={columns.outcomes}>{format.number(version.observations)}</td>
      <td className="number" data-label={columns.mae}>{format.number(version.mae, 3)}</td>
      <td className="number" data-label={columns.baseline}>{format.number(version.baseline_mae, 3)}</td>
      <td className="number" data-label={columns.coverage}>{format.percent(version.coverage, 1)}</td>
      <td data-label={columns.sha256} title={text.model.features(version.feature_version)}>
        <code title={version.sha256}>{version.sha256.slice(0, SHOWN_SHA) || UNKNOWN}</code>
      </td>
      {mayRollBack && (
        <td className="cell-action">{!version.serving && <Rollback version={version} />}</td>
      )}
    </tr>
  );
}
