import type { Obligation } from '../policy/decision.js';

/** As the AuthZEN obligations profile has them; undefined for none. */
export const renderObligations = (obligations: readonly Obligation[] | undefined) =>
  obligations?.map(({ policy, duty }) => ({
    id: `${policy}/${duty}`,
    type: 'custom' as const,
    properties: { duty, policy },
  }));
