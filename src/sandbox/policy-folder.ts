import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A copy of a policy folder, for whoever wants to try changes: the broker reads it again when it changes. */
export interface PolicyCopy {
  readonly directory: string;
  /** Adds a file, or puts it over the one of its name; it appears whole. */
  put(name: string, text: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Takes the copy away. */
  close(): Promise<void>;
}

export async function copyPolicy(from: string): Promise<PolicyCopy> {
  const base = await mkdtemp(join(tmpdir(), 'protem-sandbox-'));
  const directory = join(base, 'policy');
  const draft = join(base, 'draft');
  await Promise.all([cp(from, directory, { recursive: true }), mkdir(draft)]);
  return {
    directory,
    async put(name, text) {
      await writeFile(join(draft, name), text);
      await rename(join(draft, name), join(directory, name));
    },
    remove: (name) => rm(join(directory, name)),
    close: () => rm(base, { recursive: true, force: true }),
  };
}
