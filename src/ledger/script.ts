import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import type { Cause } from '../kernel/cause.js';
import { Fault } from '../kernel/fault.js';

export type RedisClient = Redis | Cluster;

const names = [
  'open-task',
  'open-subtask',
  'end-task',
  'step',
  'looked',
  'reserve',
  'learn',
  'activate',
  'abandon',
  'revoke',
  'claim-due',
  'read-again',
  'mend-index',
  'stand',
  'mark',
  'accept',
  'settle',
  'record',
  'page',
  'seal',
  'read-log',
  'renew-begin',
  'renew',
  'renew-fail',
  'open-approval',
  'answer-approval',
  'close-approval',
  'expire-approvals',
  'past-use',
  'open-break-glass',
  'review-break-glass',
  'expire-break-glass',
  'now',
  'turn',
  'end-turn',
  'leave-note',
  'see-proof',
  'begin-withdrawal',
  'announce',
  'withdraw',
  'end-withdrawal',
  'lift-block',
  'blocked',
] as const;

export type ScriptName = (typeof names)[number];

/** Runs one of the ledger's scripts; what Redis cannot do is Fault `state.unavailable`. */
export interface RunScript {
  (name: ScriptName, ...args: (string | number)[]): Promise<unknown>;
  /** The call that it runs them for, as what is told in them has it; `''` for none. */
  readonly causedBy: string;
}

/** What ends things is carried out by a Redis that is full, or whose log cannot be written; what begins things is not. */
const endings: ReadonlySet<ScriptName> = new Set([
  'end-task',
  'abandon',
  'revoke',
  'renew-fail',
  'claim-due',
  'read-again',
  'mend-index',
  'settle',
  'close-approval',
  'seal',
  'accept',
  'turn',
  'end-turn',
  'leave-note',
  'begin-withdrawal',
  'withdraw',
  'end-withdrawal',
  'looked',
  // Whoever ends something may have to prove itself by it.
  'see-proof',
]);

const usingApprovals: ReadonlySet<ScriptName> = new Set(['reserve', 'step', 'open-subtask']);

function loadScript(name: ScriptName): { text: string; sha: string } {
  const read = (file: string) => readFileSync(new URL(`./scripts/${file}.lua`, import.meta.url), 'utf8');
  const isEnding = endings.has(name);
  const flags = isEnding ? '#!lua flags=allow-oom\n' : '';
  const text = [
    `${flags}local isEnding = ${isEnding}`,
    ...['prelude', 'lease', 'standing', ...(usingApprovals.has(name) ? ['approval'] : [])].map(read),
    `local function act()\n${read(name)}\nend`,
    read('end'),
  ].join('\n');
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

/** The scripts by what Redis knows them as: the SHA-1 of their text, in hex. */
export const scriptsBySha = (): ReadonlyMap<string, ScriptName> =>
  new Map(names.map((name) => [loadScript(name).sha, name]));

export const unavailable = (cause: unknown): Fault =>
  new Fault('state.unavailable', 'The state store did not answer.', { cause });

/**
 * The scripts of the ledger on one connection, for a call or for none. Every script can be sent twice without harm,
 * because a reply may be lost after the script has run.
 */
export function scriptRunner(redis: RedisClient, prefix: string): (cause?: Cause) => RunScript {
  const scripts = new Map(names.map((name) => [name, loadScript(name)]));
  const routingKey = `${prefix}:events`;
  return (cause) => {
    const causedBy = membersOf(cause);
    const run = async (name: ScriptName, ...args: (string | number)[]): Promise<unknown> => {
      const script = scripts.get(name)!;
      try {
        return await redis.evalsha(script.sha, 1, routingKey, ...args, causedBy);
      } catch (error) {
        if (!String(error).includes('NOSCRIPT')) throw unavailable(error);
      }
      try {
        return await redis.eval(script.text, 1, routingKey, ...args, causedBy);
      } catch (error) {
        throw unavailable(error);
      }
    };
    return Object.assign(run, { causedBy });
  };
}

/** What every event that is told has as well: members of a JSON object, as text. Neither holds what JSON would escape. */
const membersOf = (cause: Cause | undefined): string => {
  if (!cause) return '';
  const { request, traceparent } = cause;
  return `"request":"${request}"${traceparent === undefined ? '' : `,"traceparent":"${traceparent}"`}`;
};
