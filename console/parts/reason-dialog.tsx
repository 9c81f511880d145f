import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { Dialog } from './dialog.jsx';
import { ProblemNote } from './problem.jsx';

/** What is about to happen, and why; it happens when the reason is there, and `typed` where it has to be typed. */
export function ReasonDialog(props: {
  readonly title: string;
  readonly act: string;
  readonly bad: boolean;
  /** Has to be typed as it stands here before anything happens. */
  readonly typed?: string;
  readonly ready?: boolean;
  readonly send: (reason: string) => Promise<unknown>;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}) {
  const { title, act, bad, typed, ready = true, send, onClose } = props;
  const [reason, word] = [useSignal(''), useSignal('')];
  const fault = useSignal<unknown>(undefined);
  const may = ready && reason.value.trim() !== '' && (typed === undefined || word.value.trim() === typed);
  const submit = async (dialog: HTMLDialogElement | null) => {
    try {
      await send(reason.value.trim());
      dialog?.close();
    } catch (error) {
      fault.value = error;
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      {props.children}
      {fault.value !== undefined && <ProblemNote fault={fault.value} />}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (may) void submit(event.currentTarget.closest('dialog'));
        }}
      >
        <label>
          Reason, for the audit log
          <input
            required
            maxLength={500}
            value={reason.value}
            onInput={(event) => (reason.value = event.currentTarget.value)}
          />
        </label>
        {typed !== undefined && (
          <label>
            Type “{typed}” to confirm
            <input
              required
              autocomplete="off"
              value={word.value}
              onInput={(event) => (word.value = event.currentTarget.value)}
            />
          </label>
        )}
        <p class="actions">
          <button type="button" onClick={(event) => event.currentTarget.closest('dialog')?.close()}>
            Cancel
          </button>
          <button class={bad ? 'bad' : 'main'} disabled={!may}>
            {act}
          </button>
        </p>
      </form>
    </Dialog>
  );
}
