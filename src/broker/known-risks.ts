import type { EndedAt } from '../identity/ended-proof.js';
import { riskOf } from '../identity/risk.js';
import type { RiskSignal } from '../identity/risk.js';
import type { Ports } from './ports.js';

export interface KnownRisks {
  /** 0 (none) to 3 (high), as it was at the last look. */
  of(agent: string): number;
  readonly endedAt: EndedAt;
  /** Asks the store whether anything is new. */
  look(): Promise<void>;
}

/** The risk of agents is asked at every decision, so it is kept here. What was decided before it was is judged again. */
export function openKnownRisks({ ledger }: Pick<Ports, 'ledger'>): KnownRisks {
  let known: ReadonlyMap<string, readonly RiskSignal[]> = new Map();
  let ended: ReadonlyMap<string, number> = new Map();
  let version = 0;
  return {
    endedAt: (agent) => ended.get(agent),
    of: (agent) => riskOf(known.get(agent), ledger.clock()),
    async look() {
      const now = await ledger.agents.risksVersion();
      if (now === version) return;
      [known, ended] = await Promise.all([ledger.agents.risks(), ledger.agents.endedProofs()]);
      version = now;
    },
  };
}
