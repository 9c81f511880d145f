import { ApiFault } from '../api.js';

/** What went wrong, and what to do about it. */
export function ProblemNote({ fault, retry }: { fault: unknown; retry?: () => void }) {
  const { message, remedy, code } =
    fault instanceof ApiFault ? fault : new ApiFault({ detail: String(fault) });
  return (
    <div class="note note-bad" role="group" aria-label="Problem">
      <strong>{message}</strong> {remedy} <code>{code}</code>
      {retry && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}
