import type { Caller } from './caller.js';

/** One call as CloudTrail tells it: who did what, never the secrets in it. */
export interface TrailEvent {
  /** ISO 8601, UTC. */
  readonly eventTime: string;
  /** `sts.amazonaws.com` and its like. */
  readonly eventSource: string;
  readonly eventName: string;
  readonly userIdentity:
    { readonly arn: string; readonly principalId: string; readonly sourceIdentity?: string } | undefined;
  readonly resource?: string;
  readonly errorCode?: string;
}

const longestTrail = 1000;

/** The latest calls, oldest first. */
export function trail() {
  const events: TrailEvent[] = [];
  return {
    add(event: TrailEvent): void {
      events.push(event);
      if (events.length > longestTrail) events.shift();
    },
    events: (): readonly TrailEvent[] => [...events],
  };
}

export const identityOf = (caller: Caller | undefined): TrailEvent['userIdentity'] =>
  caller && {
    arn: caller.principal.arn,
    principalId: caller.userId,
    ...(caller.session?.sourceIdentity === undefined
      ? {}
      : { sourceIdentity: caller.session.sourceIdentity }),
  };
