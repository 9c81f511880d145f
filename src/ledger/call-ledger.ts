import type { Ledger } from './ledger.js';
import type { RunScript } from './script.js';

type Telling =
  | 'tasks'
  | 'delegations'
  | 'steps'
  | 'leases'
  | 'renewals'
  | 'withdrawals'
  | 'approvals'
  | 'breakGlass'
  | 'log';

/** What tells events, made for the scripts of one call; what it knows between calls is outside of it. */
export type Parts = { readonly [Part in Telling]: (run: RunScript) => Ledger[Part] };

/** A ledger for each call. A part is made when it is used, because a call uses two or three; the rest is shared. */
export function ledgersOfCalls(shared: Ledger, parts: Parts): (run: RunScript) => Ledger {
  class OfCall implements Pick<Ledger, Telling> {
    readonly #run: RunScript;
    #tasks: Ledger['tasks'] | undefined;
    #leases: Ledger['leases'] | undefined;

    constructor(run: RunScript) {
      this.#run = run;
    }

    get tasks() {
      return (this.#tasks ??= parts.tasks(this.#run));
    }
    get leases() {
      return (this.#leases ??= parts.leases(this.#run));
    }
    get delegations() {
      return parts.delegations(this.#run);
    }
    get steps() {
      return parts.steps(this.#run);
    }
    get renewals() {
      return parts.renewals(this.#run);
    }
    get withdrawals() {
      return parts.withdrawals(this.#run);
    }
    get approvals() {
      return parts.approvals(this.#run);
    }
    get breakGlass() {
      return parts.breakGlass(this.#run);
    }
    get log() {
      return parts.log(this.#run);
    }
  }
  Object.setPrototypeOf(OfCall.prototype, shared);
  return (run) => new OfCall(run) as unknown as Ledger;
}
