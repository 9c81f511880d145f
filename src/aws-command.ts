import type { Command } from 'commander';
import { printFindings } from './cli/aws-check.js';
import { printPolicies } from './cli/aws-policy.js';
import { checkRoles } from './issuance/providers/aws-sts/role/check.js';
import { rolesOf } from './issuance/providers/aws-sts/role/plan.js';
import { policySet } from './issuance/providers/aws-sts/role/policies.js';
import { liftStops, stopsOf, writeStops } from './issuance/providers/aws-sts/role/stop.js';
import type { AwsStsSettings } from './issuance/providers/aws-sts/settings.js';
import type { Settings } from './settings/load.js';
import { serverVerbs } from './server-verbs.js';

interface Chosen {
  readonly config: string;
  readonly role?: string;
  readonly entry?: string;
  readonly output: string;
}

const say = (line: string) => void process.stdout.write(`${line}\n`);

interface Stopping {
  readonly config: string;
  readonly role: string;
  readonly before?: string;
  readonly lift?: true;
  readonly yes?: true;
}

/** `protem aws check` and `protem aws policy`, for whoever sets roles up; `protem aws stop` for an emergency. */
export function addAwsCommands(
  program: Command,
  config: readonly [string, string, string],
  load: (file: string) => Settings,
): void {
  const aws = program.command('aws').description(serverVerbs.aws);
  const command = (name: string, description: string) =>
    aws
      .command(name)
      .description(description)
      .option(...config)
      .option('--role <arn>', 'only this role')
      .option('--entry <name>', 'only the role of this catalog entry, with all that are on it')
      .option('--output <format>', 'text or json', 'text');

  command('check', 'look at the roles of the catalog, with the identity of the broker').action(
    async (options: Chosen) => {
      const findings = [];
      for (const { settings, entries } of chosen(load(options.config), options))
        findings.push(...(await checkRoles(settings, entries)));
      if (!printFindings(findings, options.output, say)) process.exitCode = 1;
    },
  );

  aws
    .command('stop')
    .description('in an emergency: deny every session of Protem on a role that was opened until now')
    .option(...config)
    .requiredOption('--role <arn>', 'the role')
    .option('--before <time>', 'deny what was opened before it; now when left out')
    .option('--lift', 'take the deny away again')
    .option('--yes', 'write it; without, it is only shown')
    .action((options: Stopping) => stop(options, load));

  command('policy', 'print the policies that the roles and the broker need')
    .requiredOption('--principal <arn>', 'user or role that the broker runs as')
    .action((options: Chosen & { readonly principal: string }) => {
      for (const { settings, entries } of chosen(load(options.config), options))
        printPolicies(policySet(settings, entries, options.principal), options.output, say);
    });
}

/** Says what it would write, and writes it only when told to. */
async function stop({ config, role, before, lift, yes }: Stopping, load: (file: string) => Settings) {
  // Sessions of this very second are to go as well, and so are those of a clock that is a little behind.
  const at = new Date(before ?? Date.now() + 2000);
  if (Number.isNaN(at.getTime())) throw new Error('--before: expected a time such as 2027-01-15T08:00:00Z');
  for (const { settings, entries } of chosen(load(config), { role })) {
    const stops = stopsOf(role, entries, settings, at);
    for (const each of stops)
      say(`${each.role}: policy ${each.policyName}${lift ? ', to be taken away' : `\n${each.document}`}`);
    if (!yes) {
      say(
        lift
          ? 'Nothing was taken away: say --yes.'
          : `Nothing was written: say --yes. It ends every session of Protem on these roles that was opened before that time, of tasks that go on too.`,
      );
      continue;
    }
    await (lift ? liftStops : writeStops)(settings, stops);
    say(
      lift
        ? 'Taken away.'
        : 'Written. It is in force within seconds. The leases are still there: revoke them as well.',
    );
  }
}

/** The AWS providers with the entries that are on a role that is meant. Throws when nothing is left to speak of. */
function chosen({ providers, catalog }: Settings, { role, entry }: Pick<Chosen, 'role' | 'entry'>) {
  const found = [...providers].flatMap(([name, { kind, settings }]) => {
    if (kind.kind !== 'aws-sts') return [];
    const ours = [...catalog.values()].filter(({ provider }) => provider === name);
    const meant = new Set(
      ours.filter((one) => entry === undefined || entry === one.name).flatMap(({ mint }) => rolesOf(mint)),
    );
    const entries = ours.filter(({ mint }) =>
      rolesOf(mint).some((one) => meant.has(one) && (role ?? one) === one),
    );
    return entries.length === 0 ? [] : [{ settings: settings as AwsStsSettings, entries }];
  });
  if (found.length === 0) throw new Error('The catalog has no such entry of AWS.');
  return found;
}
