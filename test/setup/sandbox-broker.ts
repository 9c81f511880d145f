import { compose } from '../../src/compose.js';
import { providerKinds } from '../../src/issuance/providers/registry.js';
import { placesOf } from '../../src/sandbox-command.js';
import { makeProgramFolder } from '../../src/sandbox/program-folder.js';
import { startSandbox } from '../../src/sandbox/sandbox.js';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { shellVariables } from '../../src/sandbox/story/commands-to-try.js';
import type { Places } from '../../src/sandbox/story/commands-to-try.js';
import { loadSettings } from '../../src/settings/load.js';

/** What `npm start` serves, without its story. */
export async function startSandboxBroker(more: Readonly<Record<string, unknown>> = {}): Promise<{
  readonly sandbox: Sandbox;
  readonly places: Places;
  /** What `npm start` tells to export. */
  readonly variables: Record<string, string>;
  readonly close: () => Promise<void>;
}> {
  const [sandbox, programs] = await Promise.all([startSandbox({ anyPorts: true }), makeProgramFolder()]);
  const settings = loadSettings('config/protem.yaml', {
    environment: { ...sandbox.environment, PROTEM_LOG_LEVEL: 'error' },
    kinds: providerKinds,
    overrides: [
      ...sandbox.overrides,
      ...Object.entries(more).map(([path, value]) => [path.split('.'), value] as const),
    ],
  });
  const running = await compose(settings, { api: true, worker: true });
  const places = placesOf(sandbox, running.url ?? '', programs.directory);
  return {
    sandbox,
    places,
    variables: shellVariables(places),
    async close() {
      await running.close();
      await Promise.all([sandbox.close(), programs.close()]);
    },
  };
}
