/** What happened, for people outside; written by the same step of the store as the change it tells of. */
export interface Notice {
  readonly type: 'approval.requested' | 'approval.decided' | 'breakglass.opened' | 'breakglass.expired';
  /** Id of the approval or the emergency. */
  readonly subject: string;
  /** Milliseconds since the epoch, on the store's clock. */
  readonly at: number;
}

/** Ready to be sent; never a secret, and none of the requester's own words or arguments. */
export interface Message {
  /** The `webhook-id`: the same for every attempt and every copy, so that a receiver can tell. */
  readonly id: string;
  readonly type: Notice['type'];
  readonly body: string;
}

export const messageOf = (
  { type, subject, at }: Notice,
  data: Readonly<Record<string, string | number | undefined>>,
): Message => ({
  id: `msg_${type.replace('.', '_')}_${subject}`,
  type,
  body: JSON.stringify({ type, timestamp: new Date(at).toISOString(), data }),
});
