import { pino } from 'pino';
import type { Logger } from 'pino';

/** Structured lines on standard output. */
export const openLog = (level: string): Logger =>
  pino({
    level,
    redact: ['*.token', '*.secret', '*.password', '*.authorization'],
    serializers: { err: describeError },
  });

/**
 * What an error says of itself, and of its causes; nothing else that hangs on it. A driver's error carries the command
 * that failed, and the one that logs in has the password in it.
 */
export function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : typeof error;
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' && { code }),
    stack: error.stack,
    ...(error.cause !== undefined && depth < 3 && { cause: describeError(error.cause, depth + 1) }),
  };
}
