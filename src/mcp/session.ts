import { randomUUID } from 'node:crypto';
import type { CatalogEntryShape } from '../wire/catalog.js';
import type { GrantShape } from '../wire/credential.js';
import type { LeaseShape } from '../wire/lease.js';
import type { StepShape } from '../wire/step.js';
import type { TaskShape } from '../wire/task.js';
import type { PendingApproval } from '../sdk/index.js';
import type { Send } from '../sdk/call.js';
import type { PrivateFolder } from './private-folder.js';
import { secretFile } from './secret-file.js';

/** The task of the session: one that is there already, or one that is opened with the first request. */
export type SessionTask = { readonly id: string } | { readonly intent: string; readonly deadline: string };

export interface Ask {
  readonly credential: string;
  readonly parameters?: Record<string, unknown> | undefined;
  readonly ttl?: string | undefined;
  readonly tool?: string | undefined;
  readonly reason?: string | undefined;
  readonly approval?: string | undefined;
}

/** A tool call that is about to be made. */
export interface ToolCall {
  readonly tool: string;
  readonly target?: string | undefined;
  readonly dataClass?: string | undefined;
  readonly reason?: string | undefined;
  readonly approval?: string | undefined;
}

export interface Announced {
  readonly step: StepShape;
  /** Where a person is asked. */
  readonly approval?: PendingApproval;
}

export interface Delivery {
  readonly file: string;
  readonly format: 'aws-credentials' | 'json';
  readonly use: string;
}

export type Outcome =
  | { readonly is: 'issued'; readonly lease: LeaseShape; readonly delivery: Delivery }
  | { readonly is: 'pending'; readonly approval: PendingApproval };

/** What one MCP connection has at the broker. What it returns never holds a secret: that is in the file by then. */
export interface Session {
  request(ask: Ask): Promise<Outcome>;
  /** Whether a tool may be called now. */
  announce(call: ToolCall): Promise<Announced>;
  status(lease: string): Promise<LeaseShape>;
  release(lease: string, reason?: string): Promise<LeaseShape>;
  leases(): Promise<readonly LeaseShape[]>;
  /** What may be asked for. */
  catalog(): Promise<readonly CatalogEntryShape[]>;
  /** Gives everything back: ends the task that it opened, or releases what it had of a task of another. */
  close(): Promise<void>;
}

export function openSession(send: Send, folder: PrivateFolder, task: SessionTask): Session {
  const post = (path: string, body: object) =>
    send({ method: 'POST', path, body, safe: true, headers: { 'idempotency-key': randomUUID() } });
  const get = async (path: string, query = {}): Promise<unknown> =>
    (await send({ method: 'GET', path, query })).body;
  let opening: Promise<string> | undefined = 'id' in task ? Promise.resolve(task.id) : undefined;
  const held = new Map<string, { readonly file: string; readonly timer: NodeJS.Timeout }>();

  async function open(): Promise<string> {
    return ((await post('/v1/tasks', task)).body as TaskShape).id;
  }

  /** One task, however many requests come at once; when it could not be opened the next request tries again. */
  function taskId(): Promise<string> {
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  }

  async function deliver({ lease, secret }: GrantShape): Promise<Delivery> {
    const { name, text, format, use } = secretFile(lease.id, secret);
    const file = await folder.put(name, text).catch(async (error: unknown) => {
      // Nobody will ever read it.
      await release(lease.id, 'it could not be delivered').catch(() => {});
      throw error;
    });
    const endsInMs = Math.min(Math.max(0, Date.parse(lease.expiresAt) - Date.now()), 2 ** 31 - 1);
    const timer = setTimeout(() => void forget(lease.id).catch(() => {}), endsInMs).unref();
    held.set(lease.id, { file: name, timer });
    return { file, format, use: use.replace('{file}', file) };
  }

  async function forget(lease: string): Promise<void> {
    const known = held.get(lease);
    if (!known) return;
    clearTimeout(known.timer);
    held.delete(lease);
    await folder.remove(known.file);
  }

  async function release(lease: string, reason?: string): Promise<LeaseShape> {
    await forget(lease);
    const path = `/v1/leases/${encodeURIComponent(lease)}/revoke`;
    return (await post(path, reason === undefined ? {} : { reason })).body as LeaseShape;
  }

  return {
    async request(ask) {
      const path = `/v1/tasks/${encodeURIComponent(await taskId())}/credentials`;
      const { status, body } = await post(path, ask);
      if (status === 202)
        return { is: 'pending', approval: (body as { approval: PendingApproval }).approval };
      const grant = body as GrantShape;
      return { is: 'issued', lease: grant.lease, delivery: await deliver(grant) };
    },

    async announce(call) {
      const path = `/v1/tasks/${encodeURIComponent(await taskId())}/steps`;
      const step = (await post(path, call)).body as StepShape;
      if (step.decision !== 'ask' || step.approval === undefined) return { step };
      const approval = await get(`/v1/approvals/${encodeURIComponent(step.approval)}`);
      return { step, approval: approval as PendingApproval };
    },

    status: async (lease) => (await get(`/v1/leases/${encodeURIComponent(lease)}`)) as LeaseShape,

    release,

    async leases() {
      if (!opening) return [];
      const page = await get('/v1/leases', { task: await opening, page_size: 100 });
      return (page as { items: readonly LeaseShape[] }).items;
    },

    catalog: async () => ((await get('/v1/catalog')) as { items: readonly CatalogEntryShape[] }).items,

    async close() {
      const leases = [...held.keys()];
      for (const { timer } of held.values()) clearTimeout(timer);
      held.clear();
      await folder.close();
      const id = await opening?.catch(() => undefined);
      if (id === undefined) return;
      if ('intent' in task) await post(`/v1/tasks/${encodeURIComponent(id)}/end`, { outcome: 'completed' });
      else await Promise.all(leases.map((lease) => release(lease, 'the session has ended')));
    },
  };
}
