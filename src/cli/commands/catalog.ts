import type { Command } from 'commander';
import { UsageError } from '../terminal.js';
import type { Terminal } from '../terminal.js';
import { acting, answerOptions } from '../verb.js';

const columns = {
  name: 'name',
  provider: 'provider',
  environment: 'environment',
  tier: 'riskTier',
  longest: 'maximumTtl',
  description: 'description',
};

/** `protem catalog`: what may be asked for. */
export function addCatalog(program: Command, terminal: Terminal): void {
  const entries = program.command('catalog').description('see what may be asked for');
  const verb = (name: string, description: string) =>
    answerOptions(entries.command(name).description(description));

  verb('ls', 'list the entries').action(
    acting(terminal, async (one) => one.print(await one.client.catalog(), columns)),
  );
  verb('show', 'see an entry, and the parameters that narrow it')
    .argument('<credential>', 'catalog entry')
    .action(
      acting(terminal, async (one, name = '') => {
        const entry = (await one.client.catalog()).find((each) => each.name === name);
        if (!entry) throw new UsageError(`There is no entry "${name}": "protem catalog ls" has them all.`);
        await one.print(entry);
      }),
    );
}
