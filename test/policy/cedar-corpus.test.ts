import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { EntityJson } from '@cedar-policy/cedar-wasm/nodejs';
import type { CedarPolicy } from '../../src/policy/cedar-bundle.js';
import { cedar } from '../../src/policy/cedar-engine.js';
import type { CedarRequest } from '../../src/policy/cedar-request.js';
import { openSlices } from '../../src/policy/cedar-slices.js';

/*
 * The hand-written part of Cedar's own integration tests (test/fixtures/README.md), through the engine as it is embedded
 * here: parsed once, asked by name, every request held against the schema, and any error a no.
 */
const root = 'test/fixtures/cedar-integration-tests';
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');

type Uid = { readonly type: string; readonly id: string };
interface Corpus {
  readonly policies: string;
  readonly entities: string;
  readonly schema: string;
  readonly shouldValidate: boolean;
  readonly requests: readonly {
    readonly description: string;
    readonly principal: Uid;
    readonly action: Uid;
    readonly resource: Uid;
    readonly context: Readonly<Record<string, unknown>>;
    readonly decision: 'allow' | 'deny';
    readonly reason: readonly string[];
    readonly errors: readonly string[];
  }[];
}

const files = readdirSync(join(root, 'tests'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.json'))
  .sort();
const corpus = files.map((file) => [file, JSON.parse(textOf(`tests/${file}`)) as Corpus] as const);

test('the corpus is whole: 22 sets of policies and 74 requests', () => {
  expect(files).toHaveLength(22);
  expect(corpus.reduce((sum, [, { requests }]) => sum + requests.length, 0)).toBe(74);
});

/** The corpus names policies by their place in the text. */
function policiesOf(file: string): CedarPolicy[] {
  const parts = cedar.policySetTextToParts(textOf(file));
  if (parts.type === 'failure') throw new Error(`${file}: ${parts.errors[0]?.message}`);
  expect(parts.policy_templates).toEqual([]);
  return parts.policies.map((text, place) => ({ id: `policy${place}`, text }) as CedarPolicy);
}

function schemaOf(file: string) {
  const parsed = cedar.schemaToJson(textOf(file));
  if (parsed.type === 'failure') throw new Error(`${file}: ${parsed.errors[0]?.message}`);
  return parsed.json;
}

test.each(corpus)(
  'POL-09: Cedar’s corpus, %s: decision and reasons are those of the corpus',
  (_file, one) => {
    const policies = policiesOf(one.policies);
    const entities = JSON.parse(textOf(one.entities)) as EntityJson[];
    const slices = openSlices(policies, schemaOf(one.schema), ['any']);
    try {
      for (const { principal, action, resource, context, ...expected } of one.requests) {
        const request = { principal, action, resource, context, entities } as unknown as CedarRequest;
        const answer = slices.evaluate('any', request);
        expect({ of: expected.description, ...answer }).toEqual({
          of: expected.description,
          allowed: expected.decision === 'allow',
          because: [...expected.reason].sort(),
          errors: expected.errors,
        });
      }
    } finally {
      slices.close();
    }
  },
);

test.each(corpus)(
  'POL-09: Cedar’s corpus, %s: its policies pass validation, as a bundle’s must',
  (_file, one) => {
    const staticPolicies = Object.fromEntries(policiesOf(one.policies).map(({ id, text }) => [id, text]));
    const answer = cedar.validate({
      schema: textOf(one.schema),
      policies: { staticPolicies },
      validationSettings: { mode: 'strict' },
    });
    expect(answer.type === 'success' && answer.validationErrors.length === 0).toBe(one.shouldValidate);
  },
);
