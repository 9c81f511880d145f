import type { Cause } from '../../kernel/cause.js';
import { Fault } from '../../kernel/fault.js';

/** A webhook as it came: header names in lower case, the body untouched. */
export interface Delivery {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly rawBody: Buffer;
  /** The call that it came by. */
  readonly call?: Cause;
}

/** What the proof of a delivery says. */
export interface Proven {
  /** The sender's name for the delivery; the same when it is sent again. */
  readonly deliveryId: string;
  /** Milliseconds since the epoch, where the scheme signs the time. */
  readonly signedAt?: number;
}

/**
 * One public sentence for every kind of bad delivery. The reason is for log and audit, which count equal ones: it holds
 * nothing that the sender wrote, or whoever changes it each time would be told of each time.
 */
export const unproven = (reason: string): Fault =>
  new Fault('hook.unproven', 'The delivery does not prove who sent it.', { reason });

/** Visible ASCII, so that it can be a key and a log field as it is. */
const deliveryIdPattern = /^[\x21-\x7e]{1,256}$/;

/** @throws Fault hook.unproven */
export function deliveryIdIn(delivery: Delivery, header: string): string {
  const id = delivery.headers[header];
  if (id === undefined) throw unproven(`no ${header} header`);
  if (!deliveryIdPattern.test(id)) throw unproven(`the ${header} header is not an id`);
  return id;
}
