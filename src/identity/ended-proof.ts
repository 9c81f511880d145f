import { provedAt } from './principal.js';
import type { Principal } from './principal.js';

/** When the sessions of a principal were last ended by a security event (ms epoch); undefined where none was. */
export type EndedAt = (id: string) => number | undefined;

/** Whether what the principal proves itself by is from before its sessions were ended. `now` in ms since the epoch. */
export function isEnded(principal: Principal, endedAt: EndedAt, now: number): boolean {
  const ended = endedAt(principal.id);
  return ended !== undefined && provedAt(principal, now) <= ended;
}
