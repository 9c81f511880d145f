/** How much is to be feared of an agent, as someone trusted says; from low to high. */
export const riskLevels = ['none', 'low', 'medium', 'high'] as const;
export type RiskLevel = (typeof riskLevels)[number];
