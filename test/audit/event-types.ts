import { readFileSync } from 'node:fs';

const sources = ['event', 'lease-event', 'approval-event', 'delegation-event', 'operator-event'].map(
  (name) => `src/audit/${name}.ts`,
);

/** The types of events that the code can tell, read from the unions themselves. */
export const eventTypes = (): string[] => [
  ...new Set(
    sources
      .map((file) => readFileSync(file, 'utf8'))
      .flatMap((text) => [...text.matchAll(/readonly type:((?:\s*\|?\s*'[a-z_.]+')+)/g)])
      .flatMap(([, names = '']) => [...names.matchAll(/'([a-z_.]+)'/g)].map(([, name = '']) => name)),
  ),
];
