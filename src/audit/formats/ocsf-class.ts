import type { ToldEvent } from './told.js';

/** Of OCSF 1.9: class, activity and outcome. `isOver`: 1 success, 2 failure, 99 other. */
export interface OcsfClass {
  readonly class: 3002 | 3003 | 3004 | 3007;
  readonly activity: number;
  readonly status: 1 | 2;
  /** 1 informational, 2 low, 3 medium, 4 high. */
  readonly severity: 1 | 2 | 3 | 4;
}

const userManagement = (
  activity: number,
  status: 1 | 2 = 1,
  severity: OcsfClass['severity'] = 1,
): OcsfClass => ({
  class: 3007,
  activity,
  status,
  severity,
});
const entity = (activity: number, status: 1 | 2 = 1, severity: OcsfClass['severity'] = 1): OcsfClass => ({
  class: 3004,
  activity,
  status,
  severity,
});

const [create, update, suspend, resume, deactivate, other] = [1, 3, 12, 13, 11, 99];
const [logOn, logOff] = [1, 2];
const [updateUser, addCredentials, removeCredentials] = [2, 18, 19];

/**
 * Issuing and revoking are User Management, Add and Remove Programmatic Credentials; what policy permitted is Authorize
 * Session; who could not prove who it is, Authentication; the rest is Entity Management of what it is about.
 */
const classes: Readonly<Record<string, OcsfClass>> = {
  'lease.reserved': { class: 3003, activity: 1, status: 1, severity: 1 },
  'lease.active': userManagement(addCredentials),
  'lease.mint_failed': userManagement(addCredentials, 2, 3),
  'credential.refused': userManagement(addCredentials, 2, 2),
  'lease.renewing': userManagement(updateUser),
  'lease.renewed': userManagement(updateUser),
  'lease.renew_failed': userManagement(updateUser, 2, 3),
  'lease.renew_refused': userManagement(updateUser, 2, 2),
  'lease.revoking': userManagement(other),
  'lease.denied': userManagement(removeCredentials),
  'lease.revoked': userManagement(removeCredentials),
  'lease.expired': userManagement(removeCredentials),
  'revocation.failed': userManagement(removeCredentials, 2, 3),
  'orphan.revoked': userManagement(removeCredentials, 1, 3),
  'identity.refused': { class: 3002, activity: 1, status: 2, severity: 2 },
  'hook.refused': { class: 3002, activity: 1, status: 2, severity: 2 },
  'signal.refused': { class: 3002, activity: 1, status: 2, severity: 2 },
  'session.begun': { class: 3002, activity: logOn, status: 1, severity: 1 },
  'session.ended': { class: 3002, activity: logOff, status: 1, severity: 1 },
  'breakglass.opened': entity(create, 1, 4),
  'breakglass.refused': entity(create, 2, 3),
  'approval.requested': entity(create, 1, 2),
  'agent.disabled': entity(suspend, 1, 3),
  'agent.enabled': entity(resume),
  'agent.signalled': entity(update, 1, 3),
  'withdrawal.begun': entity(create, 1, 3),
  'block.lifted': entity(resume, 1, 3),
  'call.refused': entity(other, 2, 3),
  'task.delegated': entity(create),
  'task.opened': entity(create),
  'task.ended': entity(deactivate),
  'policy.loaded': entity(update),
  'policy.refused': entity(update, 2, 3),
  'settings.loaded': entity(update),
  'settings.refused': entity(update, 2, 3),
  'lease.quarantined': entity(suspend, 1, 4),
  'lease.readable': entity(resume),
  'ledger.accepted': entity(update, 1, 4),
};

const failed = /(refused|denied|failed|rejected|lapsed)$/;

/** A step that was not permitted, and an approval that was denied, are told by the same types as those that were. */
const hasFailed = (event: ToldEvent): boolean =>
  failed.test(event.type) ||
  event['decision'] === 'deny' ||
  (event.type === 'step.decided' && 'fault' in event);

/** What a type is that has no line here: something that happened to an entity. */
export function classOf(event: ToldEvent): OcsfClass {
  const known = classes[event.type] ?? entity(other, hasFailed(event) ? 2 : 1);
  return event['stuck'] === true ? { ...known, severity: 4 } : known;
}
