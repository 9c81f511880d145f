import { isUtf8 } from 'node:buffer';
import { Fault } from '../../kernel/fault.js';
import { proveBearer } from './bearer.js';
import type { Delivery, Proven } from './delivery.js';
import { proveGithubDelivery } from './github.js';
import type { HookSource, TaskMapping } from './hook-settings.js';
import { textAt } from './json-pointer.js';
import { proveStandardWebhook } from './standard-webhooks.js';

/** What a proven delivery says: that a task has ended, or nothing that concerns us. */
export type HookReading = Proven &
  (
    | {
        readonly taskId: string;
        readonly outcome: 'completed' | 'failed' | 'cancelled';
        readonly ignored?: never;
      }
    | { readonly ignored: string; readonly taskId?: never; readonly outcome?: never }
  );

/**
 * Who sent the delivery, and what it says. Pure: whether it was seen before is for who keeps that.
 * @param now milliseconds since the epoch
 * @throws Fault hook.unproven; request.malformed when what was proven is not JSON
 */
export function readHook(source: HookSource, delivery: Delivery, now: number): HookReading {
  // Proof first, and over the bytes: nothing of an unproven body is parsed.
  const proven = prove(source, delivery, now);
  return { ...proven, ...mapped(source.tasks, payloadOf(delivery.rawBody)) };
}

function prove(source: HookSource, delivery: Delivery, now: number): Proven {
  switch (source.scheme) {
    case 'standard-webhooks':
      return proveStandardWebhook(delivery, source.secrets, {
        toleranceSeconds: source.toleranceSeconds,
        now,
      });
    case 'github':
      return proveGithubDelivery(delivery, source.secrets);
    case 'bearer':
      return proveBearer(delivery, source.secrets, source);
  }
}

function payloadOf(rawBody: Buffer): unknown {
  try {
    if (isUtf8(rawBody)) return JSON.parse(rawBody.toString('utf8')) as unknown;
  } catch {
    // The message of the parser would quote the body.
  }
  throw new Fault('request.malformed', 'The delivery is not JSON; have the sender use application/json.');
}

const taskIdWithin = /(?<![0-9A-Za-z])tsk_[0-9A-Za-z]{8}(?![0-9A-Za-z])/g;

/**
 * Looking a task up by one of its labels is not built: it would need an index of labels in the ledger. A payload
 * has to carry the task id itself.
 */
function mapped(tasks: TaskMapping, payload: unknown) {
  for (const [pointer, values] of Object.entries(tasks.when)) {
    const text = textAt(payload, pointer);
    if (text === undefined || !values.includes(text))
      return { ignored: `${pointer} is not ${values.join(' or ')}` };
  }
  const ids = new Set(textAt(payload, tasks.task)?.match(taskIdWithin));
  const [taskId] = ids;
  if (taskId === undefined) return { ignored: `there is no task id at ${tasks.task}` };
  if (ids.size > 1) return { ignored: `there is more than one task id at ${tasks.task}` };
  if (!tasks.outcome) return { taskId, outcome: 'completed' as const };
  const { from, is, otherwise } = tasks.outcome;
  const word = textAt(payload, from);
  return { taskId, outcome: (word !== undefined && Object.hasOwn(is, word) && is[word]) || otherwise };
}
