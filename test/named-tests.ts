import { existsSync, readFileSync } from 'node:fs';

export interface Named {
  readonly file: string;
  readonly name: string;
}

/** Each file in backticks under test/, and the names in quotes that follow it, up to the next file. */
export function testsNamedIn(text: string): Named[] {
  return [...text.matchAll(/`(test\/[\w./-]+\.ts)`((?:[ ,]*"[^"]+")+)/g)].flatMap(([, file, names]) =>
    [...names!.matchAll(/"([^"]+)"/g)].map(([, name]) => ({ file: file!, name: name! })),
  );
}

/** A test that is skipped, or stands in a comment, shows nothing. */
export const isThere = ({ file, name }: Named): boolean =>
  existsSync(file) &&
  readFileSync(file, 'utf8')
    .split('\n')
    .some((line) => line.includes(`'${name}'`) && !/^\s*(?:\/\/|\*)|\b(?:skip|todo)\(/.test(line));
