import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A folder for PATH. */
export interface ProgramFolder {
  readonly directory: string;
  /** Takes the folder away. */
  close(): Promise<void>;
}

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** A folder with the command `protem` in it: a clone has it on no PATH, and docs/ and whoever tries it say `protem`. */
export async function makeProgramFolder(): Promise<ProgramFolder> {
  const directory = await mkdtemp(join(tmpdir(), 'protem-programs-'));
  const main = fileURLToPath(new URL('../main.js', import.meta.url));
  const script = `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(main)} "$@"\n`;
  await writeFile(join(directory, 'protem'), script, { mode: 0o755 });
  return { directory, close: () => rm(directory, { recursive: true, force: true }) };
}
