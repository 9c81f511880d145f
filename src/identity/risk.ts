import { riskLevels } from '../kernel/risk-levels.js';
import type { RiskLevel } from '../kernel/risk-levels.js';

export interface RiskSignal {
  readonly level: RiskLevel;
  readonly reason: string;
  /** Who said so. */
  readonly by: string;
  /** When it was said: milliseconds since the epoch, as is `endsAt`, from which on it counts no longer. */
  readonly at: number;
  readonly endsAt?: number;
}

/** 0 to 3: the highest that anyone says of it now. */
export const riskOf = (signals: readonly RiskSignal[] = [], now: number): number =>
  Math.max(0, ...signals.map((signal) => levelAt(signal, now)));

/** The one that makes it so; undefined where nothing is to be feared. */
export const strongestOf = (signals: readonly RiskSignal[] = [], now: number): RiskSignal | undefined => {
  const risk = riskOf(signals, now);
  return risk === 0 ? undefined : signals.find((signal) => levelAt(signal, now) === risk);
};

const levelAt = ({ level, endsAt = Infinity }: RiskSignal, now: number): number =>
  endsAt <= now ? 0 : riskLevels.indexOf(level);

/** The highest of an agent and of those who delegated its task to it: what hangs from them is as risky as they are. */
export const highestRisk = (
  riskAt: (agent: string) => number,
  agent: string,
  actors: readonly string[] = [],
) => Math.max(...[agent, ...actors].map(riskAt));
