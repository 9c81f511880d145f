import { parseDuration } from '../kernel/duration.js';

/** What a policy says about itself beside its condition. */
export interface Annotated {
  readonly id: string;
  /** The roles that are asked, for a forbid with @ask. */
  readonly ask: readonly string[] | undefined;
  /** A fresh proof of identity lifts it. */
  readonly reauthenticate: boolean;
  /** How many different persons have to approve, for a forbid with @ask. */
  readonly persons: number | undefined;
  /** Nothing lifts this forbid: no approval, and no break-glass. */
  readonly hardDeny: boolean;
  readonly maximumTtlSeconds: number | undefined;
  /** What whoever acts on this permit has to do besides; empty for none. */
  readonly duties: readonly string[];
}

/** A misspelt @maximumTtl would be no ceiling at all; so nothing else may stand there. */
const known = new Set([
  'id',
  'description',
  'author',
  'ask',
  'persons',
  'reauthenticate',
  'hard_deny',
  'maximumTtl',
  'obligation',
]);
const idPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const wordPattern = /^[a-z][a-z0-9-]{0,40}$/;

/** Reads the annotations of one policy, and says everything that is wrong with them. */
export function readAnnotations(
  annotations: Readonly<Record<string, string>>,
  effect: 'permit' | 'forbid',
): { readonly annotated: Annotated; readonly problems: readonly string[] } {
  const problems: string[] = [];
  for (const name of Object.keys(annotations))
    if (!known.has(name))
      problems.push(`@${name} is none of ${[...known].map((one) => `@${one}`).join(', ')}`);

  const id = annotations['id'] ?? '';
  if (!idPattern.test(id))
    problems.push(
      id === '' ? 'every policy needs an @id("...")' : '@id must be letters, digits, ".", "_" and "-"',
    );

  const ttl = annotations['maximumTtl'];
  const maximumTtlSeconds = ttl === undefined ? undefined : parseDuration(ttl);
  if (ttl !== undefined && maximumTtlSeconds === undefined)
    problems.push('@maximumTtl must be a duration such as "15m"');
  if (ttl !== undefined && effect !== 'permit') problems.push('@maximumTtl belongs on a permit');

  const duties = annotations['obligation']?.split(',').map((duty) => duty.trim());
  if (duties && effect !== 'permit') problems.push('@obligation belongs on a permit');
  if (duties?.some((duty) => !wordPattern.test(duty)))
    problems.push('@obligation must name duties such as "encrypt", with commas between');

  const ask = annotations['ask']?.split(',').map((role) => role.trim());
  if (ask && effect !== 'forbid') problems.push('@ask belongs on a forbid');
  if (ask?.some((role) => !wordPattern.test(role)))
    problems.push('@ask must name roles such as "approver", with commas between');
  const reauthenticate = annotations['reauthenticate'] !== undefined;
  if (reauthenticate && effect !== 'forbid') problems.push('@reauthenticate belongs on a forbid');
  if (reauthenticate && ask) problems.push('@ask and @reauthenticate belong on two policies');

  const persons = annotations['persons'];
  if (persons !== undefined && !ask) problems.push('@persons goes with @ask');
  if (persons !== undefined && !/^[1-5]$/.test(persons))
    problems.push('@persons must be a number from 1 to 5');

  const hardDeny = annotations['hard_deny'] !== undefined;
  if (hardDeny && effect !== 'forbid') problems.push('@hard_deny belongs on a forbid');
  if (hardDeny && ask)
    problems.push('@hard_deny and @ask cannot be on one policy: nothing lifts a hard deny');
  return {
    annotated: {
      id,
      ask,
      persons: persons === undefined ? undefined : Number(persons),
      hardDeny,
      reauthenticate,
      maximumTtlSeconds,
      duties: [...new Set(duties)],
    },
    problems,
  };
}
