import { Fault } from '../kernel/fault.js';
import type { FaultCode } from '../kernel/fault.js';
import type { Principal } from '../identity/principal.js';
import type { Ports } from './ports.js';

/** What says that the call was not the caller's to make. */
const unauthorized: ReadonlySet<FaultCode> = new Set([
  'role.missing',
  'approval.own',
  'approval.weak_sign_in',
]);

/** So many of what a caller names stand in a record of their own in a second, and so much of each. */
const toldOfEach = 5;
const longestName = 128;

/**
 * Who tries what is for operators, or needs a role that it lacks, is in the log before it hears no: an agent at the kill switch,
 * a person who answers their own question. What a caller may not see is unknown to it, and is not told. `on`: what the call names.
 */
export const tellingRefusals =
  ({ flood }: Pick<Ports, 'flood'>) =>
  async <T>(
    { id: by, kind }: Principal,
    operation: string,
    on: string,
    act: () => Promise<T>,
  ): Promise<T> => {
    try {
      return await act();
    } catch (error) {
      if (error instanceof Fault && unauthorized.has(error.code)) {
        const named = flood.hasRoomFor(`call ${by}`, toldOfEach) ? on.slice(0, longestName) : '';
        await flood.tell({ type: 'call.refused', by, kind, operation, on: named, fault: error.code });
      }
      throw error;
    }
  };
