import { watch } from 'node:fs';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { Inventory } from '../broker/inventory.js';
import type { PolicySource } from '../policy/policy-source.js';
import { SettingsError } from '../settings/load.js';
import type { Settings } from '../settings/load.js';
import type { Tell } from './open-policy.js';

/** Where the settings come from; `read` throws SettingsError when they are not sound. */
export interface SettingsSource {
  readonly file: string;
  read(): Settings;
}

/** What is taken while the process runs. Everything else takes a restart. */
const taken = new Set(['catalog', 'tools', 'agents', 'agentsNeedOwners']);

/** Editors write a file in several steps; so long after the last of them it is read. */
const settleMs = 200;

const inventoryOf = ({ agents, agentsNeedOwners, issuers, trustDomains }: Settings): Inventory => ({
  agents: new Map(agents.map((agent) => [agent.id, agent])),
  ownersNeeded: agentsNeedOwners,
  issuers: new Set([...issuers.map(({ issuer }) => issuer), ...trustDomains.map(({ name }) => name)]),
});

/** The inventory as the settings have it by now. */
export function openInventory(settings: Settings): Inventory & { take(settings: Settings): void } {
  let now = inventoryOf(settings);
  return {
    get agents() {
      return now.agents;
    },
    get ownersNeeded() {
      return now.ownersNeeded;
    },
    // Who proves identities is decided at the start.
    issuers: now.issuers!,
    take: (changed) => void (now = inventoryOf(changed)),
  };
}

export interface Taking {
  readonly policy: PolicySource;
  readonly inventory: ReturnType<typeof openInventory>;
  readonly log: Logger;
  readonly record: Tell;
}

/**
 * Reads the settings again when something in their folder changes, and takes catalog, tools and agents from them, all or
 * none: settings that are not sound, or a catalog that fails the policies' cases, leave everything as it is. What else has
 * changed is named in the log and in the audit, because it takes a restart.
 */
export function watchSettings(start: Settings, source: SettingsSource, ports: Taking): () => Promise<void> {
  let current = start;
  let timer: NodeJS.Timeout | undefined;
  const look = () => {
    current = takeChanges(start, current, source, ports);
  };
  const watcher = watch(dirname(source.file), () => {
    clearTimeout(timer);
    timer = setTimeout(look, settleMs);
  });
  watcher.on('error', (error) =>
    refuse(ports, [`the folder of the settings is no longer watched: ${error.message}`]),
  );
  return () => {
    clearTimeout(timer);
    watcher.close();
    return Promise.resolve();
  };
}

/** Returns the settings that later changes are told from; the providers stay those of the start. */
function takeChanges(start: Settings, current: Settings, source: SettingsSource, ports: Taking): Settings {
  let next: Settings;
  try {
    next = source.read();
  } catch (error) {
    refuse(ports, error instanceof SettingsError ? error.problems : [String(error)]);
    return current;
  }
  const changed = changedSections(current, next);
  const sections = changed.filter((name) => taken.has(name));
  const needRestart = changed.filter((name) => !taken.has(name));
  if (changed.length === 0) return current;
  // The catalog was held against providers that this process does not have.
  if (sections.includes('catalog') && !isDeepStrictEqual(start.providers, next.providers)) {
    refuse(ports, ['catalog: the settings have other providers than this process, which takes a restart']);
    return current;
  }
  if (!ports.policy.replace(next)) return current;
  ports.inventory.take(next);
  ports.log.info({ sections, needRestart }, 'changed settings are in force');
  if (needRestart.length > 0) ports.log.warn({ needRestart }, 'some changed settings take a restart');
  ports.record({ type: 'settings.loaded', sections, needRestart });
  return next;
}

function refuse({ log, record }: Taking, problems: readonly string[]): void {
  log.error({ problems }, 'changed settings were refused; those before stay in force');
  record({ type: 'settings.refused', problems });
}

function changedSections(before: Settings, after: Settings): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof Settings>;
  return [...names].filter((name) => !isDeepStrictEqual(before[name], after[name])).toSorted();
}
