import { z } from 'zod';
import { readKept, writeKept } from './kept-file.js';
import { noStops } from './stops.js';
import type { Stops } from './stops.js';

const fields = z.array(z.tuple([z.string(), z.string()]));
const shape = z.strictObject({ blocks: fields, risks: fields, endedProofs: fields });

/** Beside the mark, and not in it: they can be many, and change seldom. */
const beside = (markFile: string): string => `${markFile}.stops`;

/** None where there is no such file: the mark is of a version that kept none. */
export const readStops = async (markFile: string): Promise<Stops> =>
  (await readKept(beside(markFile), 'what stops agents', (value) => shape.parse(value))) ?? noStops;

export const writeStops = (markFile: string, stops: Stops): Promise<void> =>
  writeKept(beside(markFile), stops);
