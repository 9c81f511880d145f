import type { Clock } from '../../kernel/clock.js';
import type { FetchKeys } from '../key-fetch.js';
import { createKeySource } from '../key-source.js';
import { readJwks } from '../published-keys.js';
import { readSet } from './read-set.js';
import type { SecurityEvents } from './read-set.js';
import type { StreamSettings } from './stream-settings.js';

/** Reads what a transmitter pushed; undefined when there is no stream of this name. */
export type ReadSignal = (stream: string, token: string) => Promise<SecurityEvents> | undefined;

const staleSeconds = 3600;

export function openSignalStreams(
  settings: Readonly<Record<string, StreamSettings>>,
  { clock, fetch }: { readonly clock: Clock; readonly fetch: FetchKeys },
): ReadSignal {
  const streams = new Map(
    Object.entries(settings).map(([name, stream]) => {
      const load = readJwks(stream.keys, { fetch, allowHttp: stream.allowHttp });
      const source = createKeySource(load, { refreshSeconds: undefined, staleSeconds }, clock);
      return [name, (token: string) => readSet(stream, source, token, clock)] as const;
    }),
  );
  return (name, token) => streams.get(name)?.(token);
}
