import { faults } from '../kernel/fault.js';

/** docs/errors.md: every fault, printed from the table. */
export function faultReference(): string {
  const rows = Object.entries(faults).map(
    ([code, { status, title, retry, remedy }]) =>
      `| \`${code}\` | ${status} | ${retry ? 'yes' : 'no'} | ${title}. | ${remedy.replaceAll('|', '\\|')} |`,
  );
  return [
    '# Errors',
    '',
    '<!-- Printed by `npm run docs` from src/kernel/fault-table.ts. -->',
    '',
    'Every failure is answered as `application/problem+json` (RFC 9457). `type` is `/problems/<code>`, and that path',
    'explains it; `detail` says what happened this time; `instance` is the id of the request, which the log line of',
    'the broker has too. "Retry" says whether the same request may succeed later, unchanged; then there is a',
    '`Retry-After` header, in seconds.',
    '',
    '| Code | Status | Retry | Meaning | Remedy |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}
