import { ProtemFault } from '../sdk/protem-fault.js';
import { Refused } from './refused.js';
import { Interrupted } from './signals.js';
import { UsageError } from './terminal.js';

/** What a client verb ends with. docs/cli.md has the same table. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  denied: 3,
  unproven: 4,
  pending: 5,
  blocked: 6,
} as const;

const denied = /^(policy\.|approval\.(denied|revoked)|task\.ended|credential\.wider|delegation\.|step\.)/;
const unproven = /^(identity\.|dpop\.|certificate\.|role\.|approval\.(own|weak_sign_in))/;
const pending = new Set([
  'client.approval_pending',
  'approval.required',
  'approval.pending',
  'approval.expired',
]);
const blocked = new Set(['issuing.blocked', 'agent.disabled']);

/** The exit code of what was thrown. */
export function exitCodeOf(thrown: unknown): number {
  if (thrown instanceof UsageError) return exitCodes.usage;
  if (thrown instanceof Interrupted) return thrown.exitCode;
  if (thrown instanceof Refused && [401, 403].includes(thrown.status)) return exitCodes.unproven;
  if (!(thrown instanceof ProtemFault)) return exitCodes.failure;
  if (pending.has(thrown.code)) return exitCodes.pending;
  if (blocked.has(thrown.code)) return exitCodes.blocked;
  if (unproven.test(thrown.code)) return exitCodes.unproven;
  if (denied.test(thrown.code)) return exitCodes.denied;
  return exitCodes.failure;
}

const messageOf = (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown));

/** What the system has against it, in words and with what to do; undefined for anything else. */
function machineTrouble(thrown: unknown): string | undefined {
  const { code, path, address, port } = (thrown instanceof Error ? thrown : {}) as NodeJS.ErrnoException &
    Partial<Record<'address' | 'port', string | number>>;
  if (code === 'EADDRINUSE')
    return `Something listens on ${address}:${port} already. End it, or name another port.`;
  if (path === undefined) return undefined;
  if (code === 'ENOENT')
    return `There is no ${path}. Check the name, and the folder that this was started in.`;
  if (code === 'EACCES') return `${path} may not be opened. Check its owner and mode.`;
  return undefined;
}

/** What a person is told of it: what happened, what decided, what to do. */
export function saidOf(thrown: unknown): string {
  if (!(thrown instanceof ProtemFault)) return machineTrouble(thrown) ?? messageOf(thrown);
  const lines = [`${thrown.code}: ${thrown.detail}`];
  for (const { pointer, detail } of thrown.errors) lines.push(`  ${pointer}: ${detail}`);
  if (thrown.policies.length > 0) lines.push(`  decided by: ${thrown.policies.join(', ')}`);
  lines.push(`  ${thrown.remedy}`);
  return lines.join('\n');
}
