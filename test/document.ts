import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** A fenced block of a document. */
export interface Block {
  readonly file: string;
  /** Of its fence, from 1. */
  readonly line: number;
  readonly language: string;
  /** The rest of the fence's line: `sandbox`, `answer`, or why it is not run. */
  readonly tag: string;
  readonly text: string;
}

export function blocksOf(file: string): Block[] {
  const blocks: Block[] = [];
  let open: { line: number; info: string; lines: string[] } | undefined;
  for (const [index, text] of readFileSync(file, 'utf8').split('\n').entries()) {
    const fence = /^```(.*)$/.exec(text);
    if (!fence) open?.lines.push(text);
    else if (!open) open = { line: index + 1, info: fence[1] ?? '', lines: [] };
    else {
      const [language = '', ...tag] = open.info.trim().split(' ');
      blocks.push({ file, line: open.line, language, tag: tag.join(' '), text: open.lines.join('\n') });
      open = undefined;
    }
  }
  if (open) throw new Error(`${file}:${open.line}: the block has no end`);
  return blocks;
}

/** Paths of files that the document links to. */
export const linksOf = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));

/**
 * What differs in shape between an answer and the one that a document shows: members, kinds of values, and words such
 * as `policy.denied`. Ids, times, numbers and secrets are different each time.
 */
export function differencesOf(shown: unknown, given: unknown, at = ''): string[] {
  if (Array.isArray(shown) && Array.isArray(given)) {
    if (shown.length === 0 || given.length === 0)
      return shown.length === given.length ? [] : [`${at}: ${given.length} elements, shown ${shown.length}`];
    return shown.flatMap((one, index) => differencesOf(one, given[index], `${at}/${index}`));
  }
  if (isRecord(shown) && isRecord(given)) {
    const names = [...new Set([...Object.keys(shown), ...Object.keys(given)])];
    return names.flatMap((name) => {
      if (!Object.hasOwn(given, name)) return [`${at}/${name}: shown, and not there`];
      if (!Object.hasOwn(shown, name)) return [`${at}/${name}: there, and not shown`];
      return differencesOf(shown[name], given[name], `${at}/${name}`);
    });
  }
  const isWord = typeof shown === 'boolean' || (typeof shown === 'string' && /^[a-z][a-z_.-]*$/.test(shown));
  if (isWord ? shown === given : typeof shown === typeof given) return [];
  return [`${at}: ${JSON.stringify(given)}, shown ${JSON.stringify(shown)}`];
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What is installed where the documents run: the package, as it was built for the tests. */
export function installPackage(directory: string): void {
  const folder = join(directory, 'node_modules', 'protem');
  mkdirSync(folder, { recursive: true });
  const exports = { './sdk': './sdk.js' };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'protem', type: 'module', exports }));
  writeFileSync(join(folder, 'sdk.js'), `export * from '${resolve('build/src/sdk/index.js')}';`);
}
