import { readFileSync } from 'node:fs';
import type { Checkpoint } from '../audit/checkpoint.js';
import { verifyCheckpoint } from '../audit/jws-checkpoint.js';
import { publicJwks } from '../audit/public-keys.js';
import { UsageError } from './terminal.js';

/** A checkpoint that none of the keys has signed. */
export class UnsignedCheckpoint extends Error {}

/**
 * The checkpoints of a file, each signed by one of the keys of another.
 * @throws UnsignedCheckpoint
 * @throws UsageError where it holds only a page of them: what the others cover would pass without a word.
 */
export async function readCheckpoints(file: string, keys: string): Promise<Checkpoint[]> {
  const trusted = publicJwks.parse(JSON.parse(readFileSync(keys, 'utf8'))).keys;
  return Promise.all(
    signedIn(readFileSync(file, 'utf8'), file).map((jws, index) =>
      verifyCheckpoint(jws, trusted).catch(() => {
        throw new UnsignedCheckpoint(`checkpoint ${index + 1} is signed by none of the keys`);
      }),
    ),
  );
}

interface Line {
  readonly jws?: string;
  readonly items?: readonly { readonly jws: string }[];
  readonly next_page_token?: string;
}

/** The JWS of each, whether they come as a page, as lines of JSON or bare. */
function signedIn(text: string, file: string): string[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.flatMap((line) => {
    if (!line.trimStart().startsWith('{')) return [line.trim()];
    const { jws, items, next_page_token: next } = JSON.parse(line) as Line;
    if (next !== undefined)
      throw new UsageError(
        `${file} is one page of the checkpoints, and there are more (next_page_token). Take all of them with \`protem audit checkpoints\`.`,
      );
    return items ? items.map((one) => one.jws) : [String(jws)];
  });
}
