/** What a route answers, in the form that Vault gives its answers. */
export interface Reply {
  readonly status: number;
  readonly body?: Readonly<Record<string, unknown>>;
}

export interface Content {
  readonly data?: Readonly<Record<string, unknown>>;
  readonly auth?: Readonly<Record<string, unknown>>;
  readonly wrap_info?: Readonly<Record<string, unknown>>;
  readonly lease_id?: string;
  readonly lease_duration?: number;
  readonly renewable?: boolean;
  readonly warnings?: readonly string[];
}

export const ok = (content: Content): Reply => ({
  status: 200,
  body: {
    request_id: crypto.randomUUID(),
    lease_id: content.lease_id ?? '',
    renewable: content.renewable ?? false,
    lease_duration: content.lease_duration ?? 0,
    data: content.data ?? null,
    wrap_info: content.wrap_info ?? null,
    warnings: content.warnings ?? null,
    auth: content.auth ?? null,
  },
});

export const done: Reply = { status: 204 };

/** Queued, not done: what Vault answers when it is not asked to be synchronous. */
export const queued: Reply = { status: 202 };

export const refuse = (status: number, ...errors: readonly string[]): Reply => ({ status, body: { errors } });

/** Vault wraps the errors of its core in this form. */
export const denied = refuse(403, '1 error occurred:\n\t* permission denied\n\n');
export const invalidAccessor = refuse(400, '1 error occurred:\n\t* invalid accessor\n\n');
