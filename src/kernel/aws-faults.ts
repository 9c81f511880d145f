import type { FaultKind } from './fault-kind.js';

/** Why a credential is not one that an AWS SDK can be given. */
export const awsFaults = {
  'aws.no_session': {
    status: 422,
    title: 'The catalog entry is not of AWS',
    retry: false,
    remedy: 'Name an entry that mints an AWS session. What was minted is being revoked.',
  },
  'aws.session_too_short': {
    status: 422,
    title: 'The session would be too short for an SDK to keep',
    retry: false,
    remedy:
      'Ask through "protem serve-credentials", which keeps a session for all who ask it, or for more time; SDKs ask for a session this short at every call. What was minted is being revoked.',
  },
} as const satisfies Record<string, FaultKind>;
