import { isEnded } from '../identity/ended-proof.js';
import type { Cause } from '../kernel/cause.js';
import { scopeText } from '../revocation/withdrawal.js';
import { mayLook, requireKind } from './authorize.js';
import type { Broker } from './broker.js';
import { cancelApproval, decideApproval, findApproval, revokeApproval } from './approvals.js';
import { breakGlass } from './break-glass.js';
import { listBreakGlass, reviewBreakGlass } from './review-break-glass.js';
import { grantOrAsk } from './ask-person.js';
import { grant } from './grant.js';
import { delegate } from './delegate.js';
import { evaluate } from './evaluate.js';
import { awaitApproval, openWaits } from './await-approval.js';
import { listApprovals, viewApproval } from './show-approvals.js';
import { liveFeed, tasksOf } from './live-feed.js';
import { openOverview } from './overview.js';
import { disableAgent, enableAgent, findAgent, listAgents, signalAgent } from './agents.js';
import { blastRadius } from './blast-radius.js';
import { liftBlock, listBlocks } from './blocks.js';
import { listLeases, revokeLease, showLease } from './leases.js';
import type { Ports } from './ports.js';
import { ready } from './ready.js';
import { tellingRefusals } from './refused-calls.js';
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
  /** What is told for a call names it. */
  const by = ({ call }: { readonly call?: Cause | undefined }): Ports =>
    call ? { ...ports, ledger: ports.ledger.forCall(call) } : ports;
  const waits = openWaits();
  const tellingRefusal = tellingRefusals(ports);
  return {
    identify: ports.identify,
    isStillProven: (principal) => {
      const now = ports.ledger.clock();
      return now < principal.proofExpiresAt && !isEnded(principal, ports.endedAt, now);
    },
    catalog: () => [...ports.policy().catalog.values()],
    openTask: (principal, request, key) =>
      tellingRefusal(principal, 'openTask', request.agent ?? '', () =>
        openTask(by(principal), principal, request, key),
      ),
    findTask: (principal, id) => findTask(ports, principal, id),
    listTasks: (principal, query) => listTasks(ports, principal, query),
    endTask: (principal, id, outcome) =>
      tellingRefusal(principal, 'endTask', id, () => endTask(by(principal), principal, id, outcome)),
    delegate: (principal, request, key) => delegate(by(principal), principal, request, key),
    evaluate: (principal, request) => evaluate(ports, principal, request),
    takeStep: (principal, request, key) => takeStep(by(principal), principal, request, key),
    listSteps: (principal, taskId) => listSteps(ports, principal, taskId),
    grant: (principal, request, key) => grant(by(principal), principal, request, key),
    grantOrAsk: (principal, request, key) => grantOrAsk(by(principal), principal, request, key),
    emergency: {
      take: (principal, request) => breakGlass(by(principal), principal, request),
      list: (principal, query) => listBreakGlass(ports, principal, query),
      review: (principal, id, review) =>
        tellingRefusal(principal, 'reviewBreakGlass', id, () =>
          reviewBreakGlass(by(principal), principal, id, review),
        ),
    },
    approvals: {
      list: (principal, query) => listApprovals(ports, principal, query),
      find: (principal, id) => findApproval(ports, principal, id),
      view: (principal, approval) => viewApproval(ports, principal, approval),
      await: (principal, id, waitMs, gone) =>
        waits(principal, waitMs, (mayWaitMs) => awaitApproval(ports, principal, id, mayWaitMs, gone)),
      decide: (principal, id, answer) =>
        tellingRefusal(principal, 'decideApproval', id, () =>
          decideApproval(by(principal), principal, id, answer),
        ),
      cancel: (principal, id, reason) =>
        tellingRefusal(principal, 'cancelApproval', id, () =>
          cancelApproval(by(principal), principal, id, reason),
        ),
      revoke: (principal, id, reason) =>
        tellingRefusal(principal, 'revokeApproval', id, () =>
          revokeApproval(by(principal), principal, id, reason),
        ),
    },
    renew: (principal, request, key) => renew(by(principal), principal, request, key),
    findLease: (principal, id) => showLease(ports, principal, id),
    listLeases: (principal, query) => listLeases(ports, principal, query),
    tasksOf: async (principal, leases) =>
      (await tasksOf(ports.ledger, leases)).filter((task) => mayLook(principal, task.agent, task.openedBy)),
    revokeLease: (principal, id, reason) =>
      tellingRefusal(principal, 'revokeLease', id, () => revokeLease(by(principal), principal, id, reason)),
    blastRadius: (principal, scope) =>
      tellingRefusal(principal, 'revokeMany', scopeText(scope), () => blastRadius(ports, principal, scope)),
    revokeMany: (principal, request) =>
      tellingRefusal(principal, 'revokeMany', scopeText(request.scope), () =>
        revokeMany(by(principal), principal, request),
      ),
    findRevocation: (principal, id) => findRevocation(ports, principal, id),
    listRevocations: (principal, query) => listRevocations(ports, principal, query),
    listBlocks: (principal) => listBlocks(ports, principal),
    liftBlock: (principal, id, reason) =>
      tellingRefusal(principal, 'liftBlock', id, () => liftBlock(by(principal), principal, id, reason)),
    listAgents: (principal, query) => listAgents(ports, principal, query),
    findAgent: (principal, id) => findAgent(ports, principal, id),
    disableAgent: (principal, id, reason) =>
      tellingRefusal(principal, 'disableAgent', id, () => disableAgent(by(principal), principal, id, reason)),
    enableAgent: (principal, id, reason) =>
      tellingRefusal(principal, 'enableAgent', id, () => enableAgent(by(principal), principal, id, reason)),
    signalAgent: (principal, id, signal) =>
      tellingRefusal(principal, 'signalAgent', id, () => signalAgent(by(principal), principal, id, signal)),
    readAudit: (principal, query) =>
      tellingRefusal(principal, 'readAudit', query.subject ?? '', async () => {
        requireKind(principal, 'operator');
        return ports.ledger.log.read(query);
      }),
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
    receiveHook: (source, delivery) => receiveHook(by(delivery), source, delivery),
    receiveSignal: (stream, token, call) => receiveSignal(by({ call }), stream, token),
    ready: () => ready(ports),
  };
}
