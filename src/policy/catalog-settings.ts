import { z } from 'zod';
import { duration } from '../kernel/duration.js';
import type { CatalogEntry, ParameterRule } from './catalog.js';
import { problemOf, segmentProblem, textProblem } from './parameters.js';
import { rateSettings } from './rate.js';
import { templateProblems } from './template.js';

const isPattern = (text: string): boolean => {
  try {
    return new RegExp(text, 'u') instanceof RegExp;
  } catch {
    return false;
  }
};

const isText = (text: string): boolean => textProblem(text) === undefined;
const plain = z.string().min(1).refine(isText, 'must hold no wildcards, quotes, braces or ".."');
const choices = z
  .array(plain)
  .min(1)
  .refine((values) => new Set(values).size === values.length, 'must name each only once');
const whole = z.number().int();

const byDefault = 'What it is when a request leaves it out; without it a request must say.';

const parameterRule = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('path').describe('A text below a folder.'),
    within: plain
      .refine((path) => path.endsWith('/'), 'must end with "/": "reports" would let "reports-secret/" in')
      .refine((path) => segmentProblem(path) === undefined, 'must have no empty and no "." segments')
      .describe('The folder that every value is below, ending with "/".'),
    default: z.string().optional().describe(byDefault),
  }),
  z.strictObject({
    type: z.literal('string').describe('A text of a pattern.'),
    pattern: z
      .string()
      .refine(isPattern, 'must be a regular expression')
      .describe('Regular expression that the whole value matches.'),
    default: z.string().optional().describe(byDefault),
  }),
  z.strictObject({
    type: z.literal('enum').describe('One of several texts.'),
    values: choices.describe('What it may be.'),
    default: z.string().optional().describe(byDefault),
  }),
  z.strictObject({
    type: z.literal('set').describe('Several of several texts, each once.'),
    values: choices.describe('The most that can be asked for.'),
    default: z.array(z.string()).optional().describe(byDefault),
  }),
  z
    .strictObject({
      type: z.literal('integer').describe('A whole number.'),
      minimum: whole.describe('The least.'),
      maximum: whole.describe('The most.'),
      default: whole.optional().describe(byDefault),
    })
    .refine(
      ({ minimum, maximum }) => minimum <= maximum,
      'must have a minimum that is not above its maximum',
    ),
]);

const parameterName = z
  .string()
  .regex(/^[A-Za-z][\w-]{0,63}$/, 'must be letters, digits, "-" and "_", beginning with a letter')
  .refine((name) => !(name in Object.prototype), 'must not be a name that JavaScript gives a meaning');

const entrySettings = z
  .strictObject({
    description: z.string().min(1).max(500).describe('What it is, for whoever asks; in GET /v1/catalog.'),
    provider: z.string().describe('Name of one of the providers.'),
    sensitivity: z
      .enum(['public', 'internal', 'confidential', 'restricted'])
      .describe('How much harm its data could do; for policies.'),
    environment: z.string().min(1).max(64).describe('Where it leads: production, staging ...'),
    riskTier: z.number().int().min(0).max(3).describe('0 is harmless; at 3 a person has to look.'),
    maximumTtl: duration.describe('The longest lease.'),
    defaultTtl: duration.describe('The lease when a request names no TTL; not more than maximumTtl.'),
    maximumLive: z
      .int()
      .min(1)
      .optional()
      .describe('The most leases of it that may be live at once; without it there is no bound.'),
    issueRate: rateSettings
      .optional()
      .describe('How often it may be issued, to all together; without it as often as may be.'),
    deliver: z
      .enum(['clear', 'encrypted'])
      .default('clear')
      .describe('How its secret is handed over: `encrypted`, only to a key of the agent (`encryptTo`).'),
    parameters: z.record(parameterName, parameterRule).default({}).describe('What a request may narrow.'),
    mint: z
      .record(z.string(), z.unknown())
      .describe("The provider's section, with {{parameter}} in its strings."),
  })
  .superRefine((entry, context) => {
    const refuse = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (entry.defaultTtl > entry.maximumTtl) refuse(['defaultTtl'], 'must not be more than maximumTtl');
    for (const problem of templateProblems(entry.mint, entry.parameters)) refuse(['mint'], problem);
    for (const [name, rule] of Object.entries(entry.parameters)) {
      const problem = rule.default === undefined ? undefined : problemOf(rule.default, rule as ParameterRule);
      if (problem !== undefined) refuse(['parameters', name, 'default'], problem.detail);
    }
  });

/** The section `catalog` of the settings, as the map that policy and the broker use. */
export const catalogSettings = z
  .record(
    z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, 'must be lower-case letters, digits and "-"'),
    entrySettings,
  )
  .transform(
    (entries): ReadonlyMap<string, CatalogEntry> =>
      new Map(
        Object.entries(entries).map(([name, { maximumTtl, defaultTtl, parameters, ...rest }]) => [
          name,
          {
            name,
            ...rest,
            maximumTtlSeconds: maximumTtl,
            defaultTtlSeconds: defaultTtl,
            parameters: parameters as Record<string, ParameterRule>,
          },
        ]),
      ),
  )
  .describe('What may be asked for, each at its widest.');
