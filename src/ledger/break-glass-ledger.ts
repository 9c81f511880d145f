import type { BreakGlass, NewBreakGlass, Review } from '../approval/break-glass.js';
import type { AuditEvent } from '../audit/event.js';
import type { Page, PageQuery } from './ledger.js';

/** Emergencies. Every write is one step of the store, with its audit event. */
export interface BreakGlassLedger {
  /** Durable, and on its way to whoever is told of it, when it returns; nothing is minted before (BRG-02). */
  open(taken: NewBreakGlass, event: AuditEvent & { type: 'breakglass.opened' }): Promise<BreakGlass>;
  find(id: string): Promise<BreakGlass | undefined>;
  /** The latest first. */
  list(query: PageQuery): Promise<Page<BreakGlass>>;
  /** False when it was reviewed already, or is not known, or was taken by the reviewer. */
  review(id: string, review: Review, event: AuditEvent & { type: 'breakglass.reviewed' }): Promise<boolean>;
  /** Writes down, once each, which are over. Returns how many. */
  expire(limit: number): Promise<number>;
}
