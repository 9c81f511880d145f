import { compose } from '../../src/compose.js';
import { loadSettings } from '../../src/settings/load.js';
import { arm, silenceQueue, watchRedis } from './crash-points.js';
import type { CrashPoint } from './crash-points.js';
import { recordingKind } from './recording-kind.js';

/**
 * Protem as `main.ts` composes it, with the recording provider as the one kind there is, and with places at which it
 * can be told to die. It loads its modules, then waits to be told what it is.
 */
export interface Begin {
  readonly config: string;
  readonly role: 'api' | 'worker';
}
export type Told = { readonly begin: Begin } | { readonly dieAt: CrashPoint };
export interface Says {
  readonly is: 'loaded' | 'running';
  readonly url?: string | undefined;
}

const say = (says: Says) => process.send!(says);

async function begin({ config, role }: Begin): Promise<void> {
  const kinds = new Map([[recordingKind.kind, recordingKind as never]]);
  const settings = loadSettings(config, { environment: {}, kinds });
  const { url } = await compose(settings, { api: role === 'api', worker: role === 'worker' });
  say({ is: 'running', url });
}

watchRedis();
if (process.env['FAULT_QUEUE'] === 'silent') silenceQueue();
process.on('message', (told: Told) => {
  if ('dieAt' in told) arm(told.dieAt);
  else
    begin(told.begin).catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
});
process.once('disconnect', () => process.exit(0));
say({ is: 'loaded' });
