import type { Ports } from '../broker/ports.js';
import { repeat } from './repeat.js';
import type { Repeating } from './repeat.js';

const everyMs = 1000;
const atOnce = 100;

/** Writes down what nobody answered in time, and which emergencies are over. Both are so without it. */
export const approvalEnds = ({ ledger, meter, log }: Pick<Ports, 'ledger' | 'meter' | 'log'>): Repeating =>
  repeat(async () => {
    const count = await ledger.approvals.expire(atOnce);
    if (count > 0) meter.approvalEnded('expired', undefined, count);
    const over = await ledger.breakGlass.expire(atOnce);
    return count === atOnce || over === atOnce ? 1 : everyMs;
  }, log);
