import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';

/** What a file holds, read by `parse`. Undefined where there is none; throws an Error that says so when it holds no `what`. */
export async function readKept<T>(
  file: string,
  what: string,
  parse: (value: unknown) => T,
): Promise<T | undefined> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return parse(JSON.parse(text));
  } catch {
    throw new Error(`${file} does not hold ${what}`);
  }
}

/** Whole or not at all, whoever else writes it. */
export async function writeKept(file: string, value: unknown): Promise<void> {
  const fresh = `${file}.${randomUUID()}`;
  try {
    await writeFile(fresh, `${JSON.stringify(value)}\n`, { mode: 0o600, flush: true });
    await rename(fresh, file);
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => {});
    throw error;
  }
}
