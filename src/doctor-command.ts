import type { Command } from 'commander';
import { printFindings } from './cli/aws-check.js';
import type { Finding } from './cli/aws-check.js';
import { examineAuditKeys } from './compose/examine-audit-keys.js';
import { examineStore } from './compose/examine-store.js';
import { openRedis } from './compose/open-store.js';
import { tlsEndsAt } from './compose/tls-files.js';
import { messageOf, tried } from './compose/tried.js';
import { fetchKeys } from './identity/key-fetch.js';
import type { KeySource } from './identity/key-source.js';
import { openOidcIssuers, openTrustDomains } from './identity/trust.js';
import { redisLedger } from './ledger/redis-ledger.js';
import { openLog } from './log.js';
import type { Settings } from './settings/load.js';
import { serverVerbs } from './server-verbs.js';

const say = (line: string) => void process.stdout.write(`${line}\n`);

/** `protem doctor`: looks at what a broker of these settings would stand on. It changes nothing and issues nothing. */
export function addDoctor(
  program: Command,
  config: readonly [string, string, string],
  load: (file: string) => Settings,
): void {
  program
    .command('doctor')
    .description(serverVerbs.doctor)
    .option(...config)
    .option('--output <format>', 'text or json', 'text')
    .action(async (options: { config: string; output: string }) => {
      if (!printFindings(await examine(load(options.config)), options.output, say)) process.exitCode = 1;
    });
}

/** Everything that was found, the good too. */
export async function examine(settings: Settings): Promise<Finding[]> {
  const closing: (() => Promise<unknown>)[] = [];
  try {
    const findings = await Promise.all([examineState(settings, closing), examineIssuers(settings)]);
    return [...findings.flat(), ...examineTls(settings)];
  } finally {
    for (const step of closing.reverse()) await step().catch(() => {});
  }
}

/** The store, and the providers as the brokers that share it would use them. */
async function examineState(settings: Settings, closing: (() => Promise<unknown>)[]): Promise<Finding[]> {
  let redis;
  try {
    redis = await openRedis(settings, 'asking', openLog('silent'), closing);
  } catch (error) {
    const remedy = 'Check "redis" in the settings, and that the server runs and can be reached from here.';
    return [{ role: 'state store', is: 'problem', what: messageOf(error), remedy }];
  }
  const ledger = redisLedger(redis, { prefix: settings.redis.prefix, retentionMs: 1000 });
  const findings = [
    ...(await examineStore(settings, redis, ledger)),
    ...(await examineAuditKeys(settings, ledger)),
  ];
  const log = { info() {}, warn() {}, error() {} };
  for (const [name, { kind, settings: own }] of settings.providers) {
    const world = { shared: ledger.shared(name), clock: ledger.clock, mintTimeoutMs: 10_000, log };
    const provider = kind.open(name, own, world);
    closing.push(() => provider.close());
    findings.push(await tried(`provider ${name}`, 'it would issue now', () => provider.check()));
  }
  return findings;
}

/** Below this, whoever renews the certificate has most likely stopped doing so. */
const shortestLeftMs = 3_600_000;

function examineTls({ listen: { tls } }: Settings): Finding[] {
  if (!tls) return [];
  const role = 'certificate of the API';
  const remedy = 'Check "listen.tls", and whatever is to renew these files.';
  try {
    const endsAt = tlsEndsAt(tls);
    const is = endsAt - Date.now() > shortestLeftMs ? 'ok' : 'problem';
    const what = `it ends at ${new Date(endsAt).toISOString()}`;
    return [is === 'ok' ? { role, is, what } : { role, is, what, remedy }];
  } catch (error) {
    return [{ role, is: 'problem', what: messageOf(error), remedy }];
  }
}

async function examineIssuers(settings: Settings): Promise<Finding[]> {
  const issuers = [...openOidcIssuers(settings, fetchKeys, Date.now)];
  const domains = [...openTrustDomains(settings, fetchKeys, Date.now)];
  return Promise.all([
    ...issuers.map(([name, { source }]) => examineKeys(name, source, false)),
    ...domains.map(([name, { source, longestCertificateSeconds: most }]) =>
      examineKeys(name, source, most !== undefined),
    ),
  ]);
}

const examineKeys = (name: string, source: KeySource, certificates: boolean): Promise<Finding> =>
  tried(`issuer ${name}`, 'its keys can be read', async () => {
    const { authorities } = await source.keys();
    if (certificates && authorities.length === 0)
      throw new Error('its bundle holds no authority for X509-SVIDs, which "x509Svids" says are taken');
  });
