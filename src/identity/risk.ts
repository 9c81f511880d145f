import { riskLevels } from '../kernel/risk-levels.js';
import type { RiskLevel } from '../kernel/risk-levels.js';

export interface RiskSignal {
  readonly level: RiskLevel;
  readonly reason: string;
  /** Who said so. */
  readonly by: string;
  /** Milliseconds since the epoch, as is `endsAt`, from which on it counts no longer. */
  readonly at: number;
  readonly endsAt?: number;
}

/** 0 to 3. */
export const riskOf = (signal: RiskSignal | undefined, now: number): number =>
  signal === undefined || (signal.endsAt ?? Infinity) <= now ? 0 : riskLevels.indexOf(signal.level);

/** The highest of an agent and of those whose delegation led to its task: what hangs from them is as risky as they are. */
export const highestRisk = (
  riskAt: (agent: string) => number,
  agent: string,
  actors: readonly string[] = [],
) => Math.max(...[agent, ...actors].map(riskAt));
