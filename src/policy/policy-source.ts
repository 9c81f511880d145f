import { randomUUID } from 'node:crypto';
import { watch } from 'node:fs';
import type { CatalogEntry } from './catalog.js';
import { PolicyError } from './cedar-bundle.js';
import { loadPolicy } from './cedar-policy.js';
import type { Policy } from './decision.js';
import { readCases, runCases } from './policy-cases.js';

export interface PolicySource {
  /** The policy in force. */
  current(): Policy;
  /** Reads the folder again. A bundle that is not sound, or fails one of its cases, leaves the one before in force. */
  reload(): boolean;
  close(): Promise<void>;
}

export interface PolicySourceOptions {
  readonly directory: string;
  readonly catalog: ReadonlyMap<string, CatalogEntry>;
  readonly onLoaded: (digest: string) => void;
  readonly onRefused: (problems: readonly string[]) => void;
  /** Editors write a file in several steps; this long after the last of them it is read. */
  readonly settleMs?: number;
}

/** Throws PolicyError when the first bundle cannot be used: there is no policy to fall back on. */
export function openPolicySource(options: PolicySourceOptions): PolicySource {
  const names = [randomUUID(), randomUUID()] as const;
  let inForce = 0;
  let policy = load(options, names[inForce]!);
  options.onLoaded(policy.digest);
  let timer: NodeJS.Timeout | undefined;

  function reload(): boolean {
    try {
      const next = load(options, names[1 - inForce]!);
      if (next.digest === policy.digest) return true;
      policy = next;
      inForce = 1 - inForce;
      options.onLoaded(policy.digest);
      return true;
    } catch (error) {
      options.onRefused(error instanceof PolicyError ? error.problems : [String(error)]);
      return false;
    }
  }

  const watcher = watch(options.directory, () => {
    clearTimeout(timer);
    timer = setTimeout(reload, options.settleMs ?? 200);
  });
  watcher.on('error', (error) => options.onRefused([`the folder is no longer watched: ${error.message}`]));

  return {
    current: () => policy,
    reload,
    close() {
      clearTimeout(timer);
      watcher.close();
      return Promise.resolve();
    },
  };
}

function load({ directory, catalog }: PolicySourceOptions, name: string): Policy {
  const policy = loadPolicy({ directory, catalog, name });
  const failed = runCases(policy, readCases(directory));
  if (failed.length > 0) throw new PolicyError(failed.map((line) => `cases.yaml: ${line}`));
  return policy;
}
