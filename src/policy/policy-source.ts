import { watch } from 'node:fs';
import type { Tool } from '../task/chain.js';
import type { CatalogEntry } from './catalog.js';
import { PolicyError } from './cedar-bundle.js';
import { loadPolicy } from './cedar-policy.js';
import type { LoadedPolicy } from './cedar-policy.js';
import type { Policy } from './decision.js';
import { readCases, runCases } from './policy-cases.js';

export interface PolicySource {
  /** The policy in force. Ask for it each time: one that has been replaced denies everything. */
  current(): Policy;
  /** Reads the folder again. A bundle that is not sound, or fails one of its cases, leaves the one before in force. */
  reload(): boolean;
  /** The same with another catalog and other tools: all of it, or nothing. */
  replace(facts: PolicyFacts): boolean;
  close(): Promise<void>;
}

/** What the settings say, and policies speak of. */
export interface PolicyFacts {
  readonly catalog: ReadonlyMap<string, CatalogEntry>;
  readonly tools?: ReadonlyMap<string, Tool> | undefined;
}

export interface PolicySourceOptions extends PolicyFacts {
  readonly directory: string;
  /** `before`: what it takes the place of. */
  readonly onLoaded: (policy: LoadedPolicy, before?: LoadedPolicy) => void;
  readonly onRefused: (problems: readonly string[]) => void;
  /** Editors write a file in several steps; this long after the last of them the folder is read. */
  readonly settleMs?: number;
}

/**
 * POL-09: the policy of a folder, read again when the folder changes. Throws PolicyError when the first bundle cannot
 * be used: there is no policy to fall back on. Files that belong together should appear together (renamed into place,
 * or a ConfigMap): what stands in the folder once it is quiet is what is read.
 */
export function openPolicySource(options: PolicySourceOptions): PolicySource {
  let timer: NodeJS.Timeout | undefined;
  let facts: PolicyFacts = { catalog: options.catalog, tools: options.tools };
  // Watched before it is read, so that no change falls between.
  const watcher = watchFolder(options.directory, () => {
    clearTimeout(timer);
    timer = setTimeout(() => replace(facts), options.settleMs ?? 200);
  });
  watcher.on('error', (error) => options.onRefused([`the folder is no longer watched: ${error.message}`]));
  let policy: LoadedPolicy;
  try {
    policy = loadTested(options);
  } catch (error) {
    watcher.close();
    throw error;
  }

  function replace({ catalog, tools }: PolicyFacts): boolean {
    clearTimeout(timer);
    let next: LoadedPolicy;
    try {
      next = loadTested({ ...options, catalog, tools });
    } catch (error) {
      options.onRefused(problemsOf(error));
      return false;
    }
    facts = { catalog, tools };
    if (next.digest === policy.digest) {
      next.close();
      return true;
    }
    const before = policy;
    policy = next;
    before.close();
    options.onLoaded(policy, before);
    return true;
  }

  options.onLoaded(policy);

  return {
    current: () => policy,
    reload: () => replace(facts),
    replace,
    close() {
      clearTimeout(timer);
      watcher.close();
      policy.close();
      return Promise.resolve();
    },
  };
}

function watchFolder(directory: string, onChange: () => void) {
  try {
    return watch(directory, onChange);
  } catch (error) {
    throw new PolicyError([`the folder cannot be watched: ${(error as Error).message}`]);
  }
}

const problemsOf = (error: unknown): readonly string[] =>
  error instanceof PolicyError ? error.problems : [String(error)];

function loadTested({ directory, catalog, tools }: PolicySourceOptions): LoadedPolicy {
  const cases = readCases(directory);
  const policy = loadPolicy({ directory, catalog, tools });
  const failed = runCases(policy, cases);
  if (failed.length === 0) return policy;
  policy.close();
  throw new PolicyError(failed.map((line) => `cases.yaml: ${line}`));
}
