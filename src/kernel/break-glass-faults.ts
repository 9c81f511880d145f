import type { FaultKind } from './fault-kind.js';

/** What looking at an emergency afterwards may meet. */
export const breakGlassFaults = {
  'breakglass.unknown': {
    status: 404,
    title: 'No such emergency',
    retry: false,
    remedy: 'Check the id; GET /v1/break-glass lists them.',
  },
  'breakglass.own_review': {
    status: 403,
    title: 'Another person has to review this',
    retry: false,
    remedy: 'Let somebody review it who did not take it.',
  },
  'breakglass.reviewed': {
    status: 409,
    title: 'It was reviewed already',
    retry: false,
    remedy: 'The review that is there stands; see GET /v1/break-glass.',
  },
} as const satisfies Record<string, FaultKind>;
