import type { z } from 'zod';
import { Fault } from '../kernel/fault.js';
import type { FaultCode } from '../kernel/fault.js';
import { present } from '../kernel/present.js';
import type { Present } from '../kernel/present.js';

const mostErrors = 20;
const longestPointer = 200;

/**
 * What the schema makes of it, or a Fault that names everything that is wrong and where. `within` is put before the
 * pointers ("/query"). `faultAt` names fields whose errors, when nothing else is wrong, have a fault of their own.
 */
export function parse<Shape extends z.ZodObject>(
  schema: Shape,
  value: unknown,
  { within = '', faultAt = {} }: { within?: string; faultAt?: Readonly<Record<string, FaultCode>> } = {},
): Present<z.output<Shape>> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return present(parsed.data);
  const errors = parsed.error.issues.flatMap((issue) => errorsOf(issue, within)).slice(0, mostErrors);
  const own = new Set(errors.map(({ pointer }) => faultAt[pointer]));
  const [only] = own;
  if (own.size === 1 && only)
    throw new Fault(only, `There is something wrong with ${errors[0]?.pointer}: ${errors[0]?.detail}.`, {
      errors,
    });
  throw new Fault('request.malformed', sentence(errors.map(({ pointer }) => pointer)), { errors });
}

function errorsOf(issue: z.core.$ZodIssue, within: string): { pointer: string; detail: string }[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      pointer: pointerOf([...issue.path, key], within),
      detail: 'unknown field',
    }));
  const isMissing = issue.code === 'invalid_type' && issue.message.endsWith(' received undefined');
  return [{ pointer: pointerOf(issue.path, within), detail: isMissing ? 'is missing' : issue.message }];
}

/** RFC 6901. Shortened where the caller's own names are absurdly long. */
function pointerOf(path: readonly PropertyKey[], within: string): string {
  const steps = path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`);
  return (within + steps.join('')).slice(0, longestPointer);
}

const sentence = (pointers: readonly string[]): string => {
  const named = pointers.filter((pointer) => pointer !== '').slice(0, 5);
  return named.length === 0
    ? 'The request does not have the right shape.'
    : `There is something wrong with ${named.join(', ')}.`;
};
