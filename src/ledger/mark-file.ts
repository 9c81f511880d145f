import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { compareMarks, noStops } from './mark.js';
import type { Mark } from './mark.js';

const fields = z.record(z.string(), z.string());
const shape = z.strictObject({
  epoch: z.int().min(0),
  seq: z.int().min(0),
  sealedId: z.string(),
  hash: z.string(),
  lastId: z.string(),
  at: z.number(),
  // A mark of before there were any.
  stops: z.strictObject({ blocks: fields, risks: fields, endedProofs: fields }).default(noStops),
});

/** The mark in a file. Undefined where there is none yet; throws when there is something else. */
export async function readMark(file: string): Promise<Mark | undefined> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return shape.parse(JSON.parse(text));
  } catch {
    throw new Error(`${file} does not hold a mark of the state store`);
  }
}

/** Whole or not at all, whoever else writes it; a later mark that is there already stays. */
export async function writeMark(file: string, mark: Mark): Promise<void> {
  const there = await readMark(file);
  if (there && compareMarks(there, mark) >= 0) return;
  const fresh = `${file}.${randomUUID()}`;
  try {
    await writeFile(fresh, `${JSON.stringify(mark)}\n`, { mode: 0o600, flush: true });
    await rename(fresh, file);
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => {});
    throw error;
  }
}
