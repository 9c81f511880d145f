import { expect } from '@jest/globals';
import type { Row } from '../../../../../src/issuance/providers/aws-sts/cut/cover.js';
import { cutDocument, type CutOptions } from '../../../../../src/issuance/providers/aws-sts/cut/document.js';
import { judged, now, revoked, row, sessionOf } from './judge.js';

const options: CutOptions = { nowSeconds: now, prefix: 'j', longestSeconds: 900, epoch: 7, quota: 10_240 };
export const render = (rows: readonly Row[], more: Partial<CutOptions> = {}) =>
  cutDocument(rows, { ...options, ...more });

/** `a1` and `a2` are leases of one task; the task of `c1` has a name that looks like theirs. */
export const a1 = row('tAAAAAAA', '1', 300);
export const a2 = row('tAAAAAAA', '2', 200);
export const b1 = row('tBBBBBBB', '1', 400);
export const c1 = row('tAAAAAAB', '1', 250);
export const taskAEnded = [revoked(a1), revoked(a2), b1, c1];
export const all = [a1, a2, b1, c1];
export const D = 'explicitly_denied';
export const A = 'allowed';

/** What the judge says of the session of each row. */
export async function expectEach(document: { text: string }, expected: readonly (readonly [Row, string])[]) {
  for (const [of, outcome] of expected)
    expect({ of: sessionOf(of).name, is: await judged(sessionOf(of), [document.text]) }).toEqual({
      of: sessionOf(of).name,
      is: outcome,
    });
}
