import type { Logger } from 'pino';
import { digestOfContext } from './broker/announce-context.js';
import { openAdmission } from './broker/admission.js';
import { openBreaker } from './broker/breaker.js';
import { openTracing } from './compose/otel-tracing.js';
import { tracedBroker, tracedPolicy, tracedQueue } from './compose/traced.js';
import { asLog } from './compose/as-log.js';
import { openMeter } from './compose/open-meter.js';
import { openPolicy } from './compose/open-policy.js';
import type { Tell } from './compose/open-policy.js';
import { limitsOf } from './compose/limits-of.js';
import { openConsole } from './compose/open-console.js';
import type { RedeemLink } from './compose/open-console.js';
import { startApi } from './compose/start-api.js';
import { watchContext } from './compose/watch-context.js';
import { watchStore } from './compose/watch-store.js';
import { openInventory, watchSettings } from './compose/watch-settings.js';
import type { SettingsSource } from './compose/watch-settings.js';
import { openProviders } from './compose/open-providers.js';
import { openSigner } from './compose/open-signer.js';
import { openRedis, refuseUnsafeStore } from './compose/open-store.js';
import { startWorker } from './compose/start-worker.js';
import { createBroker } from './broker/create-broker.js';
import { openKnownRisks } from './broker/known-risks.js';
import type { Ports } from './broker/ports.js';
import { openRollbackGuard } from './broker/rollback-guard.js';
import { flood } from './broker/flood.js';
import { createIdentify } from './identity/identify.js';
import { sourceNamed } from './identity/hooks/hook-settings.js';
import { fetchKeys } from './identity/key-fetch.js';
import { openSignalStreams } from './identity/signals/streams.js';
import { readHook } from './identity/hooks/read-hook.js';
import type { Tracing } from './kernel/tracing.js';
import { redisLedger } from './ledger/redis-ledger.js';
import { bullmqRevocationQueue } from './revocation/bullmq-revocation-queue.js';
import { openLog } from './log.js';
import type { Settings } from './settings/load.js';

/** As package.json has it. */
export const version = '0.1.0';

export interface Roles {
  readonly api: boolean;
  readonly worker: boolean;
}

export interface Composing {
  /** Signs in whoever has a link of the sandbox. */
  readonly redeem?: RedeemLink;
  /** Read again when it changes; without it the settings are what they were. */
  readonly source?: SettingsSource;
}

export interface Running {
  /** Where the API listens; undefined without it. */
  readonly url: string | undefined;
  readonly log: Logger;
  close(): Promise<void>;
}

/** The only place that knows every adapter. Throws, with everything closed again, when it is not safe to run. */
export async function compose(
  settings: Settings,
  roles: Roles,
  { redeem, source }: Composing = {},
): Promise<Running> {
  const log = openLog(settings.log.level);
  const closing: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const step of closing.splice(0).reverse())
      await step().catch((error: unknown) => log.warn({ err: error }, 'something did not close cleanly'));
  };
  try {
    const tracing = settings.telemetry.traces ? await openTracing(version) : undefined;
    const { ports, meter, place, redis } = await openPorts(settings, source, log, closing, tracing);
    if (roles.worker)
      await startWorker(
        settings,
        ports,
        meter,
        await openRedis(settings, 'waiting', log, closing),
        log,
        closing,
        tracing,
      );
    const url = roles.api
      ? await startApi(
          settings,
          {
            broker: tracing ? tracedBroker(createBroker(ports), tracing) : createBroker(ports),
            tracing,
            limits: settings.http,
            consoleUrl: settings.console?.url ?? '',
            publicUrl: settings.publicUrl,
            clock: ports.ledger.clock,
            metrics: meter,
            console: openConsole(settings, ports, redis, redeem),
            log,
            version,
          },
          closing,
        )
      : undefined;
    place.url = url;
    return { url, log, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openPorts(
  settings: Settings,
  source: SettingsSource | undefined,
  log: Logger,
  closing: (() => Promise<unknown>)[],
  tracing?: Tracing,
) {
  const redis = await openRedis(settings, 'asking', log, closing);
  await refuseUnsafeStore(redis, settings.allowUnsafe, log);
  const ledger = redisLedger(redis, {
    prefix: settings.redis.prefix,
    retentionMs: settings.limits.retention * 1000,
  });
  await ledger.check();
  const couldNotRecord = (error: unknown) => log.warn({ err: error }, 'an event could not be recorded');
  const record: Tell = (event) => void ledger.log.record(event).catch(couldNotRecord);
  const refusals = flood((event) => ledger.log.record(event));
  closing.push(() => refusals.close());

  const policy = openPolicy(settings, log, record, closing);
  const providers = openProviders(settings, ledger, log, tracing, closing);
  const jobs = bullmqRevocationQueue(redis, settings.redis.prefix);
  const queue = tracing ? tracedQueue(jobs, tracing) : jobs;
  closing.push(() => queue.close());
  const breakers = { issuing: openBreaker(), revoking: openBreaker() };
  const meter = openMeter(version, ledger, { providers, breakers });
  const limits = limitsOf(settings);
  const admission = openAdmission({ ledger, limits, log: asLog(log) });
  const inventory = openInventory(settings);
  if (source) closing.push(watchSettings(settings, source, { policy, inventory, log, record }));
  const risks = openKnownRisks({ ledger });
  const place: { url?: string | undefined } = {};
  const { rollbackGuard } = settings;
  const guard = rollbackGuard && openRollbackGuard({ ledger, log: asLog(log) }, rollbackGuard.file);
  const ports: Ports = {
    installation: `${settings.audience} ${settings.redis.prefix}`,
    identify: createIdentify(settings, {
      clock: ledger.clock,
      proofs: ledger.proofs(settings.dpop.requireNonce ? settings.dpop.nonceLifetime * 1000 : undefined),
      endedAt: risks.endedAt,
      listeningAt: () => place.url,
      onRefusal: (reason) => void refusals.tell({ type: 'identity.refused', reason }).catch(couldNotRecord),
    }),
    endedAt: risks.endedAt,
    policy: () => (tracing ? tracedPolicy(policy.current(), tracing) : policy.current()),
    providers,
    ledger,
    inventory,
    risk: (agent) => risks.of(agent),
    contextDigest: () => digestOfContext(policy.current().digest, inventory),
    queue,
    guard,
    breakers,
    admission,
    signer: await openSigner(settings),
    flood: refusals,
    readHook: (source, delivery, now) => {
      const hook = sourceNamed(settings.hooks, source);
      return hook && readHook(hook, delivery, now);
    },
    readSignal: openSignalStreams(settings.signals, { clock: ledger.clock, fetch: fetchKeys }),
    hookMayEnd: (source, { openedBy }) =>
      sourceNamed(settings.hooks, source)?.openedBy?.includes(openedBy) ?? true,
    meter,
    log: asLog(log),
    limits,
  };
  await watchContext(settings, ports, risks, closing);
  await watchStore(guard, admission, ports.log, closing);
  return { ports, meter, place, redis };
}
