const flawKinds = [
  'unreadable',
  'changed',
  'missing',
  'reordered',
  'inserted',
  'broken',
  'cut',
  'contradicted',
  'incomplete',
  'lost',
] as const;
export type FlawKind = (typeof flawKinds)[number];

/** What is wrong with a log: on which line, 1 for the first, and at which place of the chain. */
export interface Flaw {
  readonly kind: FlawKind;
  readonly line: number;
  readonly seq?: number;
  readonly what: string;
}
