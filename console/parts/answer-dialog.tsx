import type { Signal } from '@preact/signals';
import { useSignal } from '@preact/signals';
import type { ApprovalShape } from '../../src/wire/approval.js';
import { post } from '../api.js';
import { Dialog } from './dialog.jsx';
import { ProblemNote } from './problem.jsx';

/** What a person answers; of a credential it may be less than was asked for. */
export function AnswerDialog(props: {
  approval: ApprovalShape;
  decision: 'approve' | 'deny';
  onClose: () => void;
}) {
  const { approval, decision, onClose } = props;
  const { request } = approval;
  const reason = useSignal('');
  const less = useSignal<Less>({});
  const fault = useSignal<unknown>(undefined);

  const send = async (dialog: HTMLDialogElement | null) => {
    try {
      await post(`/v1/approvals/${approval.id}/decision`, {
        decision,
        digest: approval.digest,
        ...(reason.value.trim() !== '' && { reason: reason.value.trim() }),
        ...(decision === 'approve' && 'credential' in request && narrowed(request, less.value)),
      });
      dialog?.close();
    } catch (error) {
      fault.value = error;
    }
  };

  return (
    <Dialog title={decision === 'approve' ? 'Approve' : 'Deny'} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void send(event.currentTarget.closest('dialog'));
        }}
      >
        {decision === 'approve' && 'credential' in request && <AsMuch request={request} less={less} />}
        <label>
          {decision === 'deny' ? 'Reason; the agent sees it' : 'Reason, for the audit log'}
          <input
            required={decision === 'deny'}
            maxLength={500}
            value={reason.value}
            onInput={(event) => (reason.value = event.currentTarget.value)}
          />
        </label>
        {fault.value !== undefined && <ProblemNote fault={fault.value} />}
        <p class="actions">
          <button type="button" onClick={(event) => event.currentTarget.closest('dialog')?.close()}>
            Cancel
          </button>
          <button class={decision === 'deny' ? 'bad' : 'main'}>
            {decision === 'deny' ? 'Deny' : 'Approve'}
          </button>
        </p>
      </form>
    </Dialog>
  );
}

type AskedCredential = Extract<ApprovalShape['request'], { credential: string }>;
type Value = AskedCredential['parameters'][string];

/** What was typed; what was not is as asked. */
interface Less {
  readonly ttl?: string;
  readonly parameters?: Readonly<Record<string, string>>;
}

function AsMuch({ request, less }: { request: AskedCredential; less: Signal<Less> }) {
  const { ttl = request.ttl, parameters = {} } = less.value;
  return (
    <fieldset>
      <legend>What may be had by it: as asked, or less</legend>
      <label>
        For how long (asked: {request.ttl})
        <input
          value={ttl}
          onInput={(event) => (less.value = { ...less.value, ttl: event.currentTarget.value })}
        />
      </label>
      {Object.entries(request.parameters).map(([name, value]) => (
        <label key={name}>
          <bdi>{name}</bdi> (asked: <bdi>{spelled(value)}</bdi>)
          <input
            value={parameters[name] ?? spelled(value)}
            onInput={(event) => {
              const typed = { ...parameters, [name]: event.currentTarget.value };
              less.value = { ...less.value, parameters: typed };
            }}
          />
        </label>
      ))}
    </fieldset>
  );
}

function narrowed(request: AskedCredential, { ttl = request.ttl, parameters = {} }: Less) {
  const changed = Object.entries(request.parameters).flatMap(([name, value]) => {
    const text = parameters[name] ?? spelled(value);
    return text === spelled(value) ? [] : [[name, readAs(value, text)] as const];
  });
  return {
    ...(ttl !== request.ttl && { ttl }),
    ...(changed.length > 0 && { parameters: Object.fromEntries(changed) }),
  };
}

const spelled = (value: Value): string => (typeof value === 'object' ? value.join(', ') : String(value));

function readAs(like: Value, text: string): Value {
  if (typeof like === 'number') return Number(text);
  if (typeof like === 'boolean') return text === 'true';
  return typeof like === 'object' ? text.split(',').map((item) => item.trim()) : text;
}
