import type { Rate } from './rate.js';

/** Parameter values after parsing: flat, typed by the entry, and within it. */
export type ParameterValues = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export type Sensitivity = 'public' | 'internal' | 'confidential' | 'restricted';

/** One thing an agent may ask for, and the widest it may be. */
export interface CatalogEntry {
  readonly name: string;
  readonly description: string;
  /** Name of a configured provider. */
  readonly provider: string;
  readonly sensitivity: Sensitivity;
  readonly environment: string;
  /** 0 (harmless) to 3 (a person has to look). */
  readonly riskTier: number;
  readonly maximumTtlSeconds: number;
  readonly defaultTtlSeconds: number;
  /** The most leases of it that may be live at once; undefined is without bound. */
  readonly maximumLive?: number | undefined;
  /** How fast it may be issued, to all together; undefined is without bound. */
  readonly issueRate?: Rate | undefined;
  /** `encrypted`: its secret is handed over to a key of the agent, never in clear. */
  readonly deliver?: 'clear' | 'encrypted' | undefined;
  readonly parameters: Readonly<Record<string, ParameterRule>>;
  /** The provider's own section, parsed by the schema of its kind, with `{{parameter}}` placeholders in strings. */
  readonly mint: unknown;
}

/** What a parameter may be. A rule can only narrow: no value holds a wildcard, and each has a bound. */
export type ParameterRule =
  | { readonly type: 'path'; readonly within: string; readonly default?: string }
  | { readonly type: 'string'; readonly pattern: string; readonly default?: string }
  | { readonly type: 'enum'; readonly values: readonly string[]; readonly default?: string }
  | { readonly type: 'set'; readonly values: readonly string[]; readonly default?: readonly string[] }
  | {
      readonly type: 'integer';
      readonly minimum: number;
      readonly maximum: number;
      readonly default?: number;
    };
