import type { z } from 'zod';
import type { CatalogEntryShape } from '../wire/catalog.js';
import type { credentialRequest, GrantShape } from '../wire/credential.js';
import type { LeaseShape } from '../wire/lease.js';
import type { RenewalShape } from '../wire/renewal.js';
import type { stepRequest, StepShape } from '../wire/step.js';
import type { subtaskRequest } from '../wire/subtask.js';
import type { taskRequest, TaskShape } from '../wire/task.js';
import { announceForApproval, sendForApproval, untilAnswered } from './approval.js';
import type { ApprovalOptions } from './approval.js';
import { openCaller } from './call.js';
import type { Call, Caller, CallerOptions } from './call.js';
import { HeldLease } from './held-lease.js';
import type { RenewAsk } from './held-lease.js';
import { releaseAtExit } from './release-at-exit.js';
import { untilAborted } from './until-aborted.js';

export interface ClientOptions extends CallerOptions, ApprovalOptions {
  /** Give back what is held when the process ends, in Node. Default true. */
  readonly releaseOnExit?: boolean;
  /** Told of a release in the background that failed. Default: a warning of the process. */
  readonly onReleaseFailed?: (lease: HeldLease, error: unknown) => void;
}

export type OpenTask = z.input<typeof taskRequest>;
export type TaskOutcome = 'completed' | 'failed' | 'cancelled';

export interface Acquire extends Omit<z.input<typeof credentialRequest>, 'parameters'> {
  readonly task: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Renew at two thirds of its time until it is released. Default false. */
  readonly autoRenew?: boolean;
  /** Told why renewing by itself has stopped. */
  readonly onRenewalEnd?: (error: unknown) => void;
}

/** A tool call that is about to be made. */
export interface Announce extends z.input<typeof stepRequest> {
  readonly task: string;
}

/** A part of a task for another agent. */
export interface Delegate extends z.input<typeof subtaskRequest> {
  readonly task: string;
}

export interface RequestOptions extends ApprovalOptions {
  readonly signal?: AbortSignal | undefined;
  /** Made by the client when left out: a request that is sent again is one request. */
  readonly idempotencyKey?: string;
}

/** A client of one broker. It keeps nothing but the leases in hand, and its token and secrets never print. */
export class ProtemClient {
  readonly #caller: Caller;
  readonly #options: ClientOptions;
  readonly #held = new Set<HeldLease>();
  #leaving: { stop(): void } | undefined;

  constructor(options: ClientOptions) {
    this.#caller = openCaller(options);
    this.#options = options;
  }

  /** The leases that were acquired here and not yet given back. */
  get held(): readonly HeldLease[] {
    return [...this.#held];
  }

  /** Opens a task. @throws ProtemFault */
  async openTask(ask: OpenTask, options: RequestOptions = {}): Promise<TaskShape> {
    return (await this.call(keyed({ method: 'POST', path: '/v1/tasks', body: ask }, options))) as TaskShape;
  }

  async findTask(task: string, signal?: AbortSignal): Promise<TaskShape> {
    return (await this.call({ method: 'GET', path: taskPath(task), signal })) as TaskShape;
  }

  /** Ends a task: nothing more is issued for it, and its leases are revoked. Twice is once. @throws ProtemFault */
  async endTask(task: string, outcome: TaskOutcome = 'completed', signal?: AbortSignal): Promise<TaskShape> {
    const call = { method: 'POST', path: `${taskPath(task)}/end`, body: { outcome }, safe: true } as const;
    const ended = (await this.call({ ...call, signal })) as TaskShape;
    for (const lease of this.#held) if (lease.record.task === task) this.#forget(lease);
    return ended;
  }

  /**
   * Opens a task, does the work, and ends the task: as `completed`, as `failed` when the work throws, or as `cancelled`
   * when the signal is aborted before the work is done. Then nobody waits for the work: give it the signal, too.
   * @throws ProtemFault, what the work throws, and the reason of the signal
   */
  async withTask<T>(
    ask: OpenTask,
    work: (task: TaskShape) => Promise<T>,
    options: RequestOptions = {},
  ): Promise<T> {
    const { signal } = options;
    const task = await this.openTask(ask, options);
    const working = (async () => work(task))();
    const done = await untilAborted(working, signal).catch(async (error: unknown) => {
      // What went wrong first is what is told.
      working.catch(() => {});
      await this.endTask(task.id, signal?.aborted ? 'cancelled' : 'failed').catch(() => {});
      throw error;
    });
    await this.endTask(task.id);
    return done;
  }

  /**
   * Asks for a credential for a task. Waits for a person where policy wants one. Give it back with `release`, or have
   * it given back: `await using lease = await client.acquire(...)`.
   * @throws ProtemFault; the reason of the signal. A request that was broken off may have left a lease behind, which
   * ends with its task, or by itself.
   */
  async acquire(ask: Acquire, options: RequestOptions = {}): Promise<HeldLease> {
    const { task, autoRenew, onRenewalEnd, ...body } = ask;
    const call = byApproval(`${taskPath(task)}/credentials`, body, options);
    const answer = await sendForApproval(this.#caller.send, call, { ...this.#options, ...options });
    const { lease, secret } = answer.body as GrantShape;
    const held = new HeldLease(this.#verbs, lease, secret);
    this.#hold(held);
    if (autoRenew) held.renewBySelf({ ...(ask.ttl !== undefined && { ttl: ask.ttl }) }, onRenewalEnd);
    return held;
  }

  /**
   * Waits until a person has answered the approval, or nobody has in time; what the answer is, the request that names it
   * is told by the broker.
   * @throws ProtemFault; the reason of the signal
   */
  async answered(approval: string, signal?: AbortSignal): Promise<void> {
    await untilAnswered(this.#caller.send, approval, signal);
  }

  /**
   * Announces a tool call before it is made. Waits for a person where policy wants one; what is not permitted is told by
   * `decision`, with the policies, and is no part of the task's chain of tools.
   * @throws ProtemFault, as for what a person has denied; the reason of the signal
   */
  async announce(ask: Announce, options: RequestOptions = {}): Promise<StepShape> {
    const { task, ...body } = ask;
    const call = byApproval(`${taskPath(task)}/steps`, body, options);
    return announceForApproval(this.#caller.send, call, { ...this.#options, ...options });
  }

  /**
   * Delegates a narrower task to another agent, which uses it by a token of its own. Waits for a person where policy wants
   * one.
   * @throws ProtemFault; the reason of the signal
   */
  async delegate(ask: Delegate, options: RequestOptions = {}): Promise<TaskShape> {
    const { task, ...body } = ask;
    const call = byApproval(`${taskPath(task)}/subtasks`, body, options);
    const answer = await sendForApproval(this.#caller.send, call, { ...this.#options, ...options });
    return answer.body as TaskShape;
  }

  /**
   * Acquires a lease, does the work with it, and gives it back, whatever happens.
   * @throws ProtemFault, and what the work throws
   */
  async withLease<T>(
    ask: Acquire,
    work: (lease: HeldLease) => Promise<T>,
    options: RequestOptions = {},
  ): Promise<T> {
    const lease = await this.acquire(ask, options);
    try {
      return await work(lease);
    } finally {
      await lease[Symbol.asyncDispose]();
    }
  }

  /** Carries a lease on. @throws ProtemFault */
  async renew(lease: string, ask: RenewAsk = {}, options: RequestOptions = {}): Promise<RenewalShape> {
    const call = { method: 'POST', path: `${leasePath(lease)}/renew`, body: ask } as const;
    return (await this.call(keyed(call, options))) as RenewalShape;
  }

  /** Gives a lease back, or revokes it as an operator. Twice is once. @throws ProtemFault */
  async release(lease: string, reason?: string, signal?: AbortSignal): Promise<LeaseShape> {
    const body = { ...(reason !== undefined && { reason }) };
    const path = `${leasePath(lease)}/revoke`;
    return (await this.call({ method: 'POST', path, body, safe: true, signal })) as LeaseShape;
  }

  async findLease(lease: string, signal?: AbortSignal): Promise<LeaseShape> {
    return (await this.call({ method: 'GET', path: leasePath(lease), signal })) as LeaseShape;
  }

  /** What may be asked for. */
  async catalog(signal?: AbortSignal): Promise<readonly CatalogEntryShape[]> {
    const { items } = (await this.call({ method: 'GET', path: '/v1/catalog', signal })) as {
      items: readonly CatalogEntryShape[];
    };
    return items;
  }

  /** Every item of a list, page by page, as they are read. */
  async *list<Item>(path: string, query: Call['query'] = {}, signal?: AbortSignal): AsyncGenerator<Item> {
    let token: string | undefined;
    do {
      const page = (await this.call({
        method: 'GET',
        path,
        query: { ...query, page_token: token },
        signal,
      })) as {
        items: readonly Item[];
        next_page_token?: string;
      };
      yield* page.items;
      token = page.next_page_token;
    } while (token !== undefined);
  }

  /** Any other call of the API: the body of its answer, as it came. @throws ProtemFault */
  async call(call: Call): Promise<unknown> {
    return (await this.#caller.send(call)).body;
  }

  readonly #verbs = {
    renew: (lease: string, ask: RenewAsk, signal?: AbortSignal) => this.renew(lease, ask, { signal }),
    release: (lease: string, reason?: string) => this.release(lease, reason),
    forget: (lease: HeldLease) => this.#forget(lease),
    releaseFailed: (lease: HeldLease, error: unknown) => {
      const told = this.#options.onReleaseFailed;
      if (told) told(lease, error);
      else warn(`The lease ${lease.id} could not be given back; it ends with its task, or by itself.`);
    },
  };

  #hold(lease: HeldLease): void {
    this.#held.add(lease);
    if (this.#options.releaseOnExit === false) return;
    this.#leaving ??= releaseAtExit({
      options: this.#options,
      caller: this.#caller,
      held: () => this.held,
    });
  }

  #forget(lease: HeldLease): void {
    this.#held.delete(lease);
    if (this.#held.size > 0) return;
    this.#leaving?.stop();
    this.#leaving = undefined;
  }
}

const keyed = (call: Call, { idempotencyKey, signal }: RequestOptions): Call => ({
  ...call,
  headers: { 'idempotency-key': idempotencyKey ?? globalThis.crypto.randomUUID() },
  safe: true,
  signal,
});

/** The request, and the same by an approval; that is another request, and has a key of its own. */
function byApproval(path: string, body: object, options: RequestOptions): (approval?: string) => Call {
  const first = keyed({ method: 'POST', path, body }, options);
  return (approval) =>
    approval === undefined
      ? first
      : keyed({ method: 'POST', path, body: { ...body, approval } }, { signal: options.signal });
}

const taskPath = (task: string) => `/v1/tasks/${encodeURIComponent(task)}`;
const leasePath = (lease: string) => `/v1/leases/${encodeURIComponent(lease)}`;

function warn(text: string): void {
  const { process } = globalThis as { process?: { emitWarning?(text: string): void } };
  process?.emitWarning?.(text);
}
