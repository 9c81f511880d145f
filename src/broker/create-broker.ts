import { mayLook, requireKind } from './authorize.js';
import type { Broker } from './broker.js';
import { cancelApproval, decideApproval, findApproval, revokeApproval } from './approvals.js';
import { breakGlass } from './break-glass.js';
import { listBreakGlass, reviewBreakGlass } from './review-break-glass.js';
import { grantOrAsk } from './ask-person.js';
import { grant } from './grant.js';
import { delegate } from './delegate.js';
import { evaluate } from './evaluate.js';
import { awaitApproval } from './await-approval.js';
import { listApprovals, viewApproval } from './show-approvals.js';
import { liveFeed, tasksOf } from './live-feed.js';
import { openOverview } from './overview.js';
import { disableAgent, enableAgent, findAgent, listAgents, signalAgent } from './agents.js';
import { blastRadius } from './blast-radius.js';
import { liftBlock, listBlocks } from './blocks.js';
import { findLease, listLeases, revokeLease } from './leases.js';
import type { Ports } from './ports.js';
import { ready } from './ready.js';
import { receiveHook } from './receive-hook.js';
import { receiveSignal } from './receive-signal.js';
import { renew } from './renew.js';
import { findRevocation, listRevocations, revokeMany } from './revoke-many.js';
import { listSteps, takeStep } from './steps.js';
import { endTask, findTask, listTasks, openTask } from './tasks.js';

/** The verbs of the product, bound to the world they act on. */
export function createBroker(ports: Ports): Broker {
  const feed = liveFeed(ports);
  const overview = openOverview(ports.ledger);
  return {
    identify: ports.identify,
    catalog: () => [...ports.policy().catalog.values()],
    openTask: (principal, request, key) => openTask(ports, principal, request, key),
    findTask: (principal, id) => findTask(ports, principal, id),
    listTasks: (principal, query) => listTasks(ports, principal, query),
    endTask: (principal, id, outcome) => endTask(ports, principal, id, outcome),
    delegate: (principal, request, key) => delegate(ports, principal, request, key),
    evaluate: (principal, request) => evaluate(ports, principal, request),
    takeStep: (principal, request, key) => takeStep(ports, principal, request, key),
    listSteps: (principal, taskId) => listSteps(ports, principal, taskId),
    grant: (principal, request, key) => grant(ports, principal, request, key),
    grantOrAsk: (principal, request, key) => grantOrAsk(ports, principal, request, key),
    emergency: {
      take: (principal, request) => breakGlass(ports, principal, request),
      list: (principal, query) => listBreakGlass(ports, principal, query),
      review: (principal, id, review) => reviewBreakGlass(ports, principal, id, review),
    },
    approvals: {
      list: (principal, query) => listApprovals(ports, principal, query),
      find: (principal, id) => findApproval(ports, principal, id),
      view: (principal, approval) => viewApproval(ports, principal, approval),
      await: (principal, id, waitMs, gone) => awaitApproval(ports, principal, id, waitMs, gone),
      decide: (principal, id, answer) => decideApproval(ports, principal, id, answer),
      cancel: (principal, id, reason) => cancelApproval(ports, principal, id, reason),
      revoke: (principal, id, reason) => revokeApproval(ports, principal, id, reason),
    },
    renew: (principal, request, key) => renew(ports, principal, request, key),
    findLease: (principal, id) => findLease(ports, principal, id),
    listLeases: (principal, query) => listLeases(ports, principal, query),
    tasksOf: async (principal, leases) =>
      (await tasksOf(ports.ledger, leases)).filter((task) => mayLook(principal, task.agent, task.openedBy)),
    revokeLease: (principal, id, reason) => revokeLease(ports, principal, id, reason),
    blastRadius: (principal, scope) => blastRadius(ports, principal, scope),
    revokeMany: (principal, request) => revokeMany(ports, principal, request),
    findRevocation: (principal, id) => findRevocation(ports, principal, id),
    listRevocations: (principal, query) => listRevocations(ports, principal, query),
    listBlocks: (principal) => listBlocks(ports, principal),
    liftBlock: (principal, id, reason) => liftBlock(ports, principal, id, reason),
    listAgents: (principal, query) => listAgents(ports, principal, query),
    findAgent: (principal, id) => findAgent(ports, principal, id),
    disableAgent: (principal, id, reason) => disableAgent(ports, principal, id, reason),
    enableAgent: (principal, id, reason) => enableAgent(ports, principal, id, reason),
    signalAgent: (principal, id, signal) => signalAgent(ports, principal, id, signal),
    readAudit: async (principal, query) => {
      requireKind(principal, 'operator');
      return ports.ledger.log.read(query);
    },
    watch: async (principal, from, listener) => {
      requireKind(principal, 'operator');
      return feed.watch(from, listener);
    },
    overview: async (principal) => {
      requireKind(principal, 'operator');
      return overview();
    },
    listCheckpoints: async (principal, query) => {
      requireKind(principal, 'operator');
      return ports.ledger.checkpoints.list(query);
    },
    auditKeys: () => ports.signer?.keys ?? { keys: [] },
    receiveHook: (source, delivery) => receiveHook(ports, source, delivery),
    receiveSignal: (stream, token) => receiveSignal(ports, stream, token),
    ready: () => ready(ports),
  };
}
