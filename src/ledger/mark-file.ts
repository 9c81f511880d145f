import { z } from 'zod';
import { readKept, writeKept } from './kept-file.js';
import { compareMarks } from './mark.js';
import type { Mark } from './mark.js';

const shape = z.strictObject({
  epoch: z.int().min(0),
  seq: z.int().min(0),
  sealedId: z.string(),
  hash: z.string(),
  lastId: z.string(),
  at: z.number(),
});

/** The mark in a file. Undefined where there is none yet; throws when there is something else. */
export const readMark = (file: string): Promise<Mark | undefined> =>
  readKept(file, 'a mark of the state store', (value) => shape.parse(value));

/** A later mark that is there already stays. */
export async function writeMark(file: string, mark: Mark): Promise<void> {
  const there = await readMark(file);
  if (!there || compareMarks(there, mark) < 0) await writeKept(file, mark);
}
