import type { Row } from '../../../../../src/issuance/providers/aws-sts/cut/cover.js';
import { type Case, theirs } from '../../../../sandbox/aws/evaluator/oracle.js';

/** 2027-01-15T08:00:00Z */
export const now = 1_800_000_000;
const account = '111122223333';

/** A session as AWS sees it: who it is and when it was stamped. */
export interface Session {
  readonly name: string;
  readonly issuedSeconds: number;
  readonly sourceIdentity?: string;
}

export const row = (task: string, lease: string, age: number, more: Partial<Row> = {}): Row => ({
  task,
  lease,
  live: true,
  issuedFrom: now - age,
  issuedUntil: now - age,
  expiresAt: now - age + 900,
  taskClosed: false,
  taskSpoiled: false,
  ...more,
});

export const revoked = (of: Row, more: Partial<Row> = {}): Row => ({
  ...of,
  live: false,
  taskClosed: true,
  ...more,
});

export const sessionOf = ({ task, lease, issuedFrom }: Row, more: Partial<Session> = {}): Session => ({
  name: `j.${task}.${lease}`,
  issuedSeconds: issuedFrom,
  ...more,
});

/** A request of the session on the role with these documents beside what it allows. */
export function requestOf(session: Session, documents: readonly string[], more: Partial<Case> = {}): Case {
  const roleArn = `arn:aws:iam::${account}:role/agent`;
  return {
    principal: { arn: `arn:aws:sts::${account}:assumed-role/agent/${session.name}`, account, roleArn },
    action: 's3:GetObject',
    resource: 'arn:aws:s3:::bkt/a/b',
    resourceAccount: account,
    context: {
      'aws:userid': `AROAXXXXXXXXXXXXXXXXX:${session.name}`,
      'aws:TokenIssueTime': new Date(session.issuedSeconds * 1000).toISOString().replace('.000Z', 'Z'),
      ...(session.sourceIdentity === undefined ? {} : { 'aws:SourceIdentity': session.sourceIdentity }),
    },
    identity: [
      {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: ['s3:*', 'sts:AssumeRole'], Resource: '*' }],
      },
      ...documents.map((text) => JSON.parse(text) as object),
    ],
    ...more,
  };
}

/** What an evaluator that is not ours says of it. */
export const judged = (session: Session, documents: readonly string[], more: Partial<Case> = {}) =>
  theirs(requestOf(session, documents, more));
