import { Plus, Tags, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";

import type { Topic } from "../../contract";
import { Alert, Badge, Card, Empty, Skeleton } from "../../parts";
import { Age } from "../../parts/Age";
import { Field } from "../../parts/Field";
import { call } from "../../services/api";
import { useWords } from "../../text";
import { faultsAt, problemText } from "../../text/server";
import { bodyOf, type Draft, draftsOf, isSame } from "./topics";
import { useTopics } from "./useTopics";

/** What the radar listens for. Without a topic, everything is on topic. */
export function Topics({ mayEdit }: { mayEdit: boolean }) {
  const { topics, fault, put } = useTopics();
  const { text } = useWords();
  const [saved, setSaved] = useState(0);
  return (
    <Card title={text.topics.title}>
      <p className="quiet lead">{text.topics.meaning}</p>
      {fault !== null && <Alert tone="wait">{problemText(fault, text)}</Alert>}
      {topics === null ? fault === null && <Skeleton lines={4} label={text.loading} />
      : mayEdit ? (
        <Editor
          key={saved}
          topics={topics}
          isSaved={saved > 0}
          onSaved={(now) => {
            put(now);
            setSaved(saved + 1);
          }}
        />
      )
      : topics.length === 0 ? <Empty icon={Tags} title={text.topics.none}>{text.topics.noneMeaning}</Empty>
      : <List topics={topics} />}
    </Card>
  );
}

function List({ topics }: { topics: Topic[] }) {
  const { text } = useWords();
  return (
    <ul className="topics">
      {topics.map((topic) => (
        <li key={topic.name} className="topic" data-topic={topic.name}>
          <h3>{topic.name}</h3>
          <p className="topic-terms">{topic.terms.map((term) => <Badge key={term} tone="calm">{term}</Badge>)}</p>
          {topic.examples.map((example) => <p key={example} className="quiet">«{example}»</p>)}
          <p className="quiet"><Age at={topic.updated_at} words={text.topics.updated} /></p>
        </li>
      ))}
    </ul>
  );
}

interface EditorProps {
  topics: Topic[];
  isSaved: boolean;
  onSaved: (topics: Topic[]) => void;
}

function Editor({ topics, isSaved, onSaved }: EditorProps) {
  const { text } = useWords();
  const kept = draftsOf(topics);
  const [drafts, setDrafts] = useState(kept);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  const changed = !isSame(drafts, kept);
  const set = (key: number, change: Partial<Draft>) => setDrafts(drafts.map((each) => (each.key === key ? { ...each, ...change } : each)));

  async function save(submitted: FormEvent) {
    submitted.preventDefault();
    setBusy(true);
    setFault(null);
    try {
      onSaved((await call<{ items: Topic[] }>("PUT", "/api/topics", bodyOf(drafts))).items);
    } catch (error) {
      setFault(error);
      setBusy(false);
    }
  }

  function add() {
    const key = Math.max(...drafts.map((each) => each.key), -1) + 1;
    setDrafts([...drafts, { key, name: "", terms: "", examples: "" }]);
  }

  return (
    <form className="topics-form" noValidate onSubmit={(submitted) => void save(submitted)}>
      {drafts.length === 0 && <Empty icon={Tags} title={text.topics.none}>{text.topics.noneMeaning}</Empty>}
      <ol className="topics">
        {drafts.map((draft, index) => (
          <TopicFields
            key={draft.key}
            draft={draft}
            faultsOf={(field) => faultsAt(fault, `items[${index}].${field}`, text)}
            onChange={(change) => set(draft.key, change)}
            onRemove={() => {
              setFault(null); // the places that it names have moved
              setDrafts(drafts.filter(({ key }) => key !== draft.key));
            }}
          />
        ))}
      </ol>
      {fault !== null && <Alert tone="wait">{problemText(fault, text)}</Alert>}
      <div className="form-foot">
        <button type="button" className="button" onClick={add}><Plus aria-hidden size={16} /> {text.topics.add}</button>
        <span className="form-foot-end">
          {isSaved && !changed && <span className="tone-ok" role="status">{text.topics.saved}</span>}
          {changed && <span className="quiet">{text.topics.unsaved}</span>}
          {changed && <button type="button" className="button" disabled={busy} onClick={() => setDrafts(kept)}>{text.topics.discard}</button>}
          <button type="submit" className="button primary" disabled={busy || !changed}>{text.topics.save}</button>
        </span>
      </div>
    </form>
  );
}

interface TopicFieldsProps {
  draft: Draft;
  faultsOf: (field: string) => string[];
  onChange: (change: Partial<Draft>) => void;
  onRemove: () => void;
}

function TopicFields({ draft, faultsOf, onChange, onRemove }: TopicFieldsProps) {
  const { text } = useWords();
  return (
    <li className="topic topic-edit" data-topic={draft.name}>
      <div className="topic-head">
        <Field label={text.topics.name} faults={faultsOf("name")}>
          {(control) => <input {...control} autoFocus={draft.name === ""} value={draft.name} onChange={(change) => onChange({ name: change.target.value })} />}
        </Field>
        <button type="button" className="button icon-only" aria-label={text.topics.remove(draft.name)} onClick={onRemove}>
          <Trash2 aria-hidden size={16} />
        </button>
      </div>
      <Field label={text.topics.terms} hint={text.topics.onePerLine} faults={faultsOf("terms")}>
        {(control) => <textarea {...control} rows={5} value={draft.terms} onChange={(change) => onChange({ terms: change.target.value })} />}
      </Field>
      <Field label={text.topics.examples} hint={text.topics.examplesMeaning} faults={faultsOf("examples")}>
        {(control) => <textarea {...control} rows={5} value={draft.examples} onChange={(change) => onChange({ examples: change.target.value })} />}
      </Field>
    </li>
  );
}
