import { Fault } from '../../kernel/fault.js';

export type SetError =
  'invalid_request' | 'invalid_key' | 'invalid_issuer' | 'invalid_audience' | 'authentication_failed';

/** Why a security event token is not taken, in the words of RFC 8935 section 2.4. */
export class SetRefused extends Fault {
  readonly err: SetError;

  constructor(err: SetError, message: string) {
    super('signal.refused', message, { reason: err });
    this.err = err;
  }
}
