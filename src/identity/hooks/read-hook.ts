import { isUtf8 } from 'node:buffer';
import { Fault } from '../../kernel/fault.js';
import { proveBearer } from './bearer.js';
import type { Delivery, Proven } from './delivery.js';
import { proveGithubDelivery } from './github.js';
import type { HookSource, TaskMapping } from './hook-settings.js';
import { textAt } from './json-pointer.js';
import { proveStandardWebhook } from './standard-webhooks.js';

/** What a proven delivery says: that a task, or every task of a run, has ended, or nothing that concerns us. */
export type HookReading = Proven & Mapped;

type Outcome = 'completed' | 'failed' | 'cancelled';
type Mapped =
  | { readonly taskId: string; readonly outcome: Outcome; readonly run?: never; readonly ignored?: never }
  | { readonly run: string; readonly outcome: Outcome; readonly taskId?: never; readonly ignored?: never }
  | { readonly ignored: string; readonly taskId?: never; readonly run?: never; readonly outcome?: never };

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

/** By the first mapping that fits; else why the last one did not. */
function mapped(mappings: readonly TaskMapping[], payload: unknown): Mapped {
  let said: Mapped = { ignored: 'nothing is mapped' };
  for (const mapping of mappings) {
    said = mappedBy(mapping, payload);
    if (said.ignored === undefined) break;
  }
  return said;
}

function mappedBy(mapping: TaskMapping, payload: unknown): Mapped {
  for (const [pointer, values] of Object.entries(mapping.when)) {
    const text = textAt(payload, pointer);
    if (text === undefined || !values.includes(text))
      return { ignored: `${pointer} is not ${values.join(' or ')}` };
  }
  if (mapping.task === undefined) return ofRun(mapping, payload);
  const ids = new Set(textAt(payload, mapping.task)?.match(taskIdWithin));
  const [taskId] = ids;
  if (taskId === undefined) return { ignored: `there is no task id at ${mapping.task}` };
  if (ids.size > 1) return { ignored: `there is more than one task id at ${mapping.task}` };
  return { taskId, outcome: outcomeOf(mapping, payload) };
}

function ofRun(mapping: TaskMapping, payload: unknown): Mapped {
  const name = textAt(payload, mapping.run ?? '');
  if (name === undefined || name === '') return { ignored: `there is no run at ${mapping.run}` };
  return { run: `${mapping.runPrefix}${name}`, outcome: outcomeOf(mapping, payload) };
}

function outcomeOf({ outcome }: TaskMapping, payload: unknown): Outcome {
  if (!outcome) return 'completed';
  const word = textAt(payload, outcome.from);
  return (word !== undefined && Object.hasOwn(outcome.is, word) && outcome.is[word]) || outcome.otherwise;
}
