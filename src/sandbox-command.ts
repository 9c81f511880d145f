import { dirname, join } from 'node:path';
import closeWithGrace from 'close-with-grace';
import { compose } from './compose.js';
import { providerKinds } from './issuance/providers/registry.js';
import { copyPolicy } from './sandbox/policy-folder.js';
import { makeProgramFolder } from './sandbox/program-folder.js';
import { startSandbox } from './sandbox/sandbox.js';
import type { Sandbox } from './sandbox/sandbox.js';
import { signInLinks } from './sandbox/sign-in-link.js';
import { commandsToTry } from './sandbox/story/commands-to-try.js';
import type { Places } from './sandbox/story/commands-to-try.js';
import { tellSecondAct } from './sandbox/story/second-act.js';
import { tellStory } from './sandbox/story/tell.js';
import type { Say, World } from './sandbox/story/world.js';
import { worldOf } from './sandbox-world.js';
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
  const [sandbox, policy, programs] = await Promise.all([
    startSandbox(),
    copyPolicy(join(dirname(config), 'policy')),
    makeProgramFolder(),
  ]);
  const settings = loadSettings(config, {
    environment: { ...sandbox.environment, PROTEM_LOG_LEVEL: process.env['PROTEM_LOG_LEVEL'] ?? 'error' },
    kinds: providerKinds,
    overrides: [...sandbox.overrides, [['policy', 'directory'], policy.directory]],
  });
  const links = signInLinks(
    settings.console?.url ?? '',
    () => sandbox.issuer.mintToken({ sub: 'olga', kind: 'operator', role: 'admin' }),
    say,
  );
  const running = await compose(
    settings,
    { api: true, worker: true },
    { redeem: (link) => links.redeem(link) },
  );
  let isClosing = false;
  const close = async () => {
    isClosing = true;
    await running.close();
    await Promise.all([sandbox.close(), policy.close(), programs.close()]);
  };

  // From here on, so that Ctrl-C in the middle of the story leaves no folder behind either.
  const graceful = closeWithGrace({ delay: 10_000 }, close);
  say('Protem sandbox: everything runs on this machine, and nothing here is durable or secret.\n');
  for (const [what, where] of [...sandbox.places, ['its policies, to change', policy.directory]] as const)
    say(`  ${what.padEnd(30)} ${where}`);
  if (options.keepQuiet !== true) {
    say();
    const wrong = await tellAll(await worldOf(sandbox, running.url!, policy), say);
    if (isClosing) return;
    say(wrong.length === 0 ? '\nThe story is told, and every step did what it should.' : '');
    for (const what of wrong) say(`NOT SO: ${what}`);
    if (wrong.length > 0) process.exitCode = 1;
  }
  if (options.once === true) {
    graceful.uninstall();
    return close();
  }

  for (const line of commandsToTry(placesOf(sandbox, running.url!, programs.directory))) say(line);
  links.print();
}

/** Where things are, for those who type. */
export const placesOf = (sandbox: Sandbox, api: string, programs: string): Places => ({
  api,
  programs,
  issuer: sandbox.issuer.url,
  aws: sandbox.awsUrl,
  awsSecret: sandbox.awsSecret,
  database: sandbox.databaseUrl,
  webhookSecret: sandbox.webhookSecret,
});

/** Both acts. What breaks off is not as it should be either. */
export async function tellAll(world: World, tell: Say): Promise<string[]> {
  const wrong: string[] = [];
  try {
    wrong.push(...(await tellStory(world, tell)));
    wrong.push(...(await tellSecondAct(world, tell)));
  } catch (error) {
    wrong.push(`the story broke off: ${error instanceof Error ? error.message : String(error)}`);
  }
  return wrong;
}
