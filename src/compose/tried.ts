import type { Finding } from '../cli/aws-check.js';
import { Fault, faults } from '../kernel/fault.js';

/** A finding from a look that throws when something is wrong. */
export async function tried(role: string, good: string, look: () => Promise<unknown>): Promise<Finding> {
  try {
    await look();
    return { role, is: 'ok', what: good };
  } catch (error) {
    return troubled(role, error);
  }
}

export function troubled(role: string, error: unknown): Finding {
  const remedy = error instanceof Fault ? faults[error.code].remedy : 'See the message.';
  return { role, is: 'problem', what: [messageOf(error), ...whyOf(error)].join(' '), remedy };
}

/** The reason of a fault, and what the machine or the other side has said. */
function* whyOf(error: unknown): Generator<string> {
  if (!(error instanceof Fault)) return;
  if (error.reason !== undefined) yield `(${error.reason})`;
  if (error.cause instanceof Error) yield error.cause.message;
}

export const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
