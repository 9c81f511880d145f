import type { Answer, Api, Json } from './api-client.js';

/** The world the story plays in: where things are, and how the credentials are used there. */
export interface World {
  readonly api: Api;
  readonly agent: string;
  readonly agentToken: string;
  /** The agent that a part of the task is delegated to. */
  readonly charts: string;
  readonly chartsToken: string;
  readonly orchestratorToken: string;
  readonly operatorToken: string;
  /** A second person who may approve. */
  readonly approverToken: string;
  readonly webhookSecret: string;
  /** Tries the secret for what it is for; says whether it was let in. */
  useDatabase(secret: Json): Promise<Use>;
  readReport(secret: Json): Promise<Use>;
  writeReport(secret: Json): Promise<Use>;
  readonly policy: PolicyFolder;
  readonly proof: Proof;
}

export interface Use {
  readonly allowed: boolean;
  readonly said: string;
}

/** The folder that the policy in force is read from. */
export interface PolicyFolder {
  /** Files appear whole. */
  put(name: string, text: string): Promise<void>;
  remove(name: string): Promise<void>;
}

/** What an auditor does with files alone. */
export interface Proof {
  /** The whole log as `protem audit export` writes it, a record a line. */
  exportLog(): Promise<string[]>;
  /** What `protem audit verify` says of these lines, by keys and checkpoints that the auditor holds. */
  verify(lines: readonly string[], keys: Json, checkpoints: Json): Promise<Verified>;
}

export interface Verified {
  readonly exitCode: number;
  readonly said: readonly string[];
}

export type Say = (line: string) => void;

/** Notes what does not hold, and marks its line. */
type Expect = (holds: boolean, what: string) => string;

/** One telling: what is said, in columns, and what was not as it should be. */
export interface Telling {
  readonly say: Say;
  readonly expect: Expect;
  /** The first line of a step. */
  step(number: number, label: string, text?: string, mark?: string): void;
  line(label: string, text: string, mark?: string): void;
}

export function telling(say: Say, wrong: string[]): Telling {
  const line = (lead: string, label: string, text: string, mark: string) =>
    say(`${lead.padEnd(3)}${label.padEnd(30)}${text}`.trimEnd() + mark);
  return {
    say,
    expect(holds, what) {
      if (!holds) wrong.push(what);
      return holds ? '' : '   <-- this should not be so';
    },
    step(number, label, text = '', mark = '') {
      say('');
      line(String(number), label, text, mark);
    },
    line: (label, text, mark = '') => line('', label, text, mark),
  };
}

export const outcome = ({ status, body }: Answer): string =>
  status === 201 ? `granted (${status})` : `refused (${status} ${body?.code}): ${body?.detail}`;

/** The same, and of what was granted which lease it is and how long it lasts. */
export const leased = (answer: Answer): string =>
  answer.status === 201
    ? `${outcome(answer)}, ${answer.body?.lease?.id}, until ${answer.body?.lease?.expiresAt}`
    : outcome(answer);

/** Asks again until it is so, for half a minute at most; the last answer. */
export async function until<Value>(
  ask: () => Promise<Value>,
  isSo: (value: Value) => boolean,
): Promise<Value> {
  const giveUpAt = Date.now() + 30_000;
  for (;;) {
    const value = await ask();
    if (isSo(value) || Date.now() > giveUpAt) return value;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** The lease when it is over; as the agent sees it that has it. */
export async function untilOver({ api }: World, token: string, leaseId: string | undefined): Promise<Json> {
  if (leaseId === undefined) return undefined;
  const { body } = await until(
    () => api.call('GET', `/v1/leases/${leaseId}`, token),
    (answer) => answer.body?.state === 'revoked' || answer.body?.state === 'expired',
  );
  return body;
}
