import type { Because, Decision, Demanded } from './decision.js';

type Asked = Extract<Decision, { is: 'ask' }>;

/** One question to persons for all that several policies, or policy about several agents, demand of the answer. */
export function askedFor(because: Because, demanded: readonly Demanded[]): Asked {
  const each = demanded.filter((one, index) => demanded.findIndex((other) => isSame(one, other)) === index);
  return {
    is: 'ask',
    because,
    approvers: [...new Set(each.flatMap(({ approvers }) => approvers))],
    persons: Math.max(...each.map(({ persons }) => persons)),
    ...(each.length > 1 && { each }),
  };
}

/** What one question demands, part by part. */
export const demandsOf = ({ approvers, persons = 1, each }: Asked): readonly Demanded[] =>
  each ?? [{ approvers, persons }];

const isSame = (one: Demanded, other: Demanded): boolean =>
  one.persons === other.persons &&
  one.approvers.length === other.approvers.length &&
  one.approvers.every((role) => other.approvers.includes(role));
