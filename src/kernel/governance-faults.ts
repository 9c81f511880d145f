import type { FaultKind } from './fault-kind.js';

/** What operators have stopped, and what they look for. */
export const governanceFaults = {
  'agent.unknown': {
    status: 404,
    title: 'No such agent',
    retry: false,
    remedy:
      'Use the id of an agent of the inventory, percent-encoded in the path; GET /v1/agents lists them.',
  },
  'agent.disabled': {
    status: 403,
    title: 'The agent is disabled',
    retry: false,
    remedy: 'An operator has disabled this agent, and has to enable it before it gets anything again.',
  },
  'agent.ownerless': {
    status: 403,
    title: 'Nobody answers for the agent',
    retry: false,
    remedy: 'Name an owner of this agent in the settings under "agents".',
  },
  'issuing.blocked': {
    status: 403,
    title: 'An operator has blocked issuing',
    retry: false,
    remedy: 'Nothing is issued or renewed here until an operator lifts the block: GET /v1/blocks shows it.',
  },
  'revocation.unknown': {
    status: 404,
    title: 'No such revocation',
    retry: false,
    remedy: 'Use an id that POST /v1/revocations answered; old ones are forgotten.',
  },
  'signal.unknown': {
    status: 404,
    title: 'No such stream of signals',
    retry: false,
    remedy: 'Push to /v1/signals/ and the name of a stream of the settings ("signals").',
  },
  'signal.refused': {
    status: 400,
    title: 'The security event token is not taken',
    retry: false,
    remedy: '"err" says why, as RFC 8935 has it; an operator sees it in the audit log.',
  },
  'block.unknown': {
    status: 404,
    title: 'No such block',
    retry: false,
    remedy: 'See GET /v1/blocks; it may have been lifted already.',
  },
} as const satisfies Record<string, FaultKind>;
