import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import closeWithGrace from 'close-with-grace';
import { compose } from './compose.js';
import { providerKinds } from './issuance/providers/registry.js';
import { startSandbox } from './sandbox/sandbox.js';
import type { Sandbox } from './sandbox/sandbox.js';
import { signInLinks } from './sandbox/sign-in-link.js';
import { apiClient } from './sandbox/story/api-client.js';
import type { Json } from './sandbox/story/api-client.js';
import { commandsToTry } from './sandbox/story/commands-to-try.js';
import type { Places } from './sandbox/story/commands-to-try.js';
import { tellStory } from './sandbox/story/tell.js';
import type { World } from './sandbox/story/tell.js';
import { loadSettings } from './settings/load.js';

const say = (line = '') => void process.stdout.write(`${line}\n`);

/** `protem dev`: starts the sandbox and the broker in it, plays the story, and goes on serving. */
export async function runSandbox(
  config: string,
  options: { once?: boolean; keepQuiet?: boolean },
): Promise<void> {
  if (process.env['NODE_ENV'] === 'production')
    throw new Error(
      'The sandbox does not start with NODE_ENV=production: nothing in it is durable, or secret.',
    );
  const sandbox = await startSandbox();
  const settings = loadSettings(config, {
    environment: { ...sandbox.environment, PROTEM_LOG_LEVEL: process.env['PROTEM_LOG_LEVEL'] ?? 'error' },
    kinds: providerKinds,
    overrides: sandbox.overrides,
  });
  const links = signInLinks(
    settings.console?.url ?? '',
    () => sandbox.issuer.mintToken({ sub: 'olga', kind: 'operator', role: 'admin' }),
    say,
  );
  const running = await compose(settings, { api: true, worker: true }, (link) => links.redeem(link));
  const close = async () => {
    await running.close();
    await sandbox.close();
  };

  say('Protem sandbox: everything runs on this machine, and nothing here is durable or secret.\n');
  for (const [what, where] of sandbox.places) say(`  ${what.padEnd(30)} ${where}`);
  if (options.keepQuiet !== true) {
    say();
    const wrong = await tellStory(await worldOf(sandbox, running.url!), say);
    say(wrong.length === 0 ? '\nThe story is told, and every step did what it should.' : '');
    for (const what of wrong) say(`NOT SO: ${what}`);
    if (wrong.length > 0) process.exitCode = 1;
  }
  if (options.once === true) return close();

  for (const line of commandsToTry(placesOf(sandbox, running.url!))) say(line);
  links.print();
  closeWithGrace({ delay: 10_000 }, close);
}

/** Where things are, for those who type. */
export const placesOf = (sandbox: Sandbox, api: string): Places => ({
  api,
  issuer: sandbox.issuer.url,
  aws: sandbox.awsUrl,
  awsSecret: sandbox.awsSecret,
  database: sandbox.databaseUrl,
  webhookSecret: sandbox.webhookSecret,
});

async function worldOf(sandbox: Sandbox, url: string): Promise<World> {
  const agent = `spiffe://${sandbox.issuer.trustDomain}/agent/reporter`;
  return {
    api: apiClient(url),
    agent,
    agentToken: await sandbox.issuer.mintSvid(agent),
    operatorToken: await sandbox.issuer.mintToken({ sub: 'olga', kind: 'operator', role: 'admin' }),
    webhookSecret: sandbox.webhookSecret,
    async useDatabase(secret) {
      const basic = Buffer.from(`${secret?.username}:${secret?.password}`).toString('base64');
      const response = await fetch(sandbox.databaseUrl, { headers: { authorization: `Basic ${basic}` } });
      const allowed = response.status === 200;
      return {
        allowed,
        said: allowed ? 'allowed: the database lets it in' : 'refused: the database knows no such user',
      };
    },
    readReport: (secret) =>
      tried(() =>
        s3Of(sandbox, secret).send(
          new GetObjectCommand({ Bucket: 'acme-reports', Key: 'reports/2026/q3.csv' }),
        ),
      ),
    writeReport: (secret) =>
      tried(() =>
        s3Of(sandbox, secret).send(
          new PutObjectCommand({ Bucket: 'acme-reports', Key: 'reports/2026/q3.csv', Body: 'changed' }),
        ),
      ),
  };
}

const s3Of = (sandbox: Sandbox, secret: Json) =>
  sandbox.s3({
    accessKeyId: secret?.AccessKeyId,
    secretAccessKey: secret?.SecretAccessKey,
    sessionToken: secret?.SessionToken,
  });

async function tried(call: () => Promise<unknown>): Promise<{ allowed: boolean; said: string }> {
  try {
    await call();
    return { allowed: true, said: 'allowed: S3 answers' };
  } catch (error) {
    return { allowed: false, said: `refused: ${error instanceof Error ? error.name : 'error'}` };
  }
}
