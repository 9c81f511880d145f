import type { Logger } from 'pino';
import type { Log } from '../broker/ports.js';

export function asLog(log: Logger): Log {
  return {
    info: (facts, message) => log.info(facts, message),
    warn: (facts, message) => log.warn(facts, message),
    error: (facts, message) => log.error(facts, message),
  };
}
