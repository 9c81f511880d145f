import type { CatalogEntry } from '../../src/policy/catalog.js';

/** The one entry of the catalog of a broker in memory. */
export const entry: CatalogEntry = {
  name: 'reports-reader',
  description: 'Reads reports.',
  provider: 'aws',
  sensitivity: 'internal',
  environment: 'production',
  riskTier: 1,
  maximumTtlSeconds: 3600,
  defaultTtlSeconds: 900,
  parameters: {
    prefix: { type: 'path', within: 'reports/' },
    month: { type: 'enum', values: ['2030-01', '2030-02'], default: '2030-01' },
    limit: { type: 'integer', minimum: 1, maximum: 10 },
  },
  mint: { role: 'arn:aws:iam::111122223333:role/kept-to-itself' },
};
