import type { ParameterRule } from '../../../../policy/catalog.js';
import { placeholder } from '../../../../policy/template.js';
import type { AwsStsScope } from '../scope.js';
import type { RolePlan } from './plan.js';

export interface Allow {
  readonly Effect: 'Allow';
  readonly Action: string | string[];
  readonly Resource: string | string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

type Statement = Exclude<AwsStsScope['sessionPolicy']['Statement'], readonly unknown[]>;

/**
 * What the role has to allow so that no session of these entries lacks anything: their statements, with each parameter
 * as wide as it can be. Denies stay in the session policies, where they are exact.
 */
export const widestStatements = ({ scopes, parameters }: RolePlan): Allow[] =>
  unique(
    scopes.flatMap(({ sessionPolicy }, i) =>
      [sessionPolicy.Statement]
        .flat()
        .filter(({ Effect }) => Effect === 'Allow')
        .map((one) => widest(one, parameters[i] ?? {})),
    ),
  );

function widest({ Action = [], Resource = [], Condition }: Statement, rules: Rules): Allow {
  const conditions = Object.entries(Condition ?? {}).flatMap(([operator, keys]) => {
    const kept = Object.entries(keys).filter(([, value]) => !JSON.stringify(value).includes('{{'));
    return kept.length === 0 ? [] : [[operator, Object.fromEntries(kept)] as const];
  });
  const resources = [...new Set([Resource].flat().map((text) => filled(text, rules)))];
  return {
    Effect: 'Allow',
    Action,
    Resource: resources.length === 1 ? resources[0]! : resources,
    ...(conditions.length > 0 && { Condition: Object.fromEntries(conditions) }),
  };
}

type Rules = Readonly<Record<string, ParameterRule>>;

/** A folder for a path, any run of characters for the rest. */
const filled = (text: string, rules: Rules): string =>
  text
    .replace(placeholder, (_whole, name: string) => {
      const rule = rules[name];
      return rule?.type === 'path' ? `${rule.within}*` : '*';
    })
    .replace(/\*+/g, '*');

function unique(statements: readonly Allow[]): Allow[] {
  const seen = new Map(statements.map((one) => [JSON.stringify(one), one]));
  return [...seen.values()];
}
