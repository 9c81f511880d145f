import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where secrets are put for programs to read: a folder of this process alone, and files of its user alone. */
export interface PrivateFolder {
  /** The path of the new file. */
  put(name: string, text: string): Promise<string>;
  remove(name: string): Promise<void>;
  /** Removes it all. */
  close(): Promise<void>;
}

/** `parent` should be in memory, as XDG_RUNTIME_DIR is, and not be shared with another machine. */
export async function openPrivateFolder(parent: string): Promise<PrivateFolder> {
  // mkdtemp makes it with mode 0700.
  const folder = await mkdtemp(join(parent, 'protem-'));
  return {
    async put(name, text) {
      const file = join(folder, name);
      await writeFile(file, text, { mode: 0o600, flag: 'wx' });
      return file;
    },
    remove: (name) => rm(join(folder, name), { force: true }),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
