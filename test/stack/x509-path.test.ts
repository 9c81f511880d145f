import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readCertificate } from '../../src/identity/x509/certificate.js';
import { pathTo } from '../../src/identity/x509/path.js';
import { authority, certify, cRLSign, dayMs, extension, keyCertSign } from '../identity/x509/certifying.js';
import type { Certified, Certifying } from '../identity/x509/certifying.js';
import { opensslProgram } from './certificate.js';
import { canRun } from './program.js';

const runs = canRun('paths of certificates, as OpenSSL judges them', { openssl: opensslProgram() });

/** What can be wrong with one that stands between, or nothing. */
const flaws = {
  none: {},
  'no authority': { isAuthority: false, usage: keyCertSign },
  'signs lists only': { usage: cRLSign },
  'over since': { notBeforeMs: -2 * dayMs, notAfterMs: -dayMs },
  'not yet': { notBeforeMs: dayMs, notAfterMs: 2 * dayMs },
  'insists on what nobody knows': { more: [extension('1.3.6.1.4.1.99999.1', true, '0500')] },
  'other names only': { more: [extension('2.5.29.30', true, '300fa00d300b86096f746865722e6f7267')] },
} satisfies Record<string, Certifying>;
type Flaw = keyof typeof flaws;

const between = fc.record({
  flaw: fc.constantFrom<Flaw[]>('none', 'none', 'none', 'none', ...(Object.keys(flaws) as Flaw[])),
  pathLength: fc.constantFrom(undefined, undefined, 0, 1),
});

(runs ? describe : describe.skip)('a path of certificates', () => {
  const directory = mkdtempSync(join(tmpdir(), 'protem-path-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  function opensslAgrees(leaf: Certified, others: readonly Certified[], root: Certified): boolean {
    const file = (name: string, pem: string) => {
      writeFileSync(join(directory, name), pem);
      return join(directory, name);
    };
    const untrusted =
      others.length === 0 ? [] : ['-untrusted', file('between.pem', others.map(({ pem }) => pem).join(''))];
    const { status } = spawnSync(opensslProgram()!, [
      ...['verify', '-no-CApath', '-no-CAstore', '-CAfile', file('root.pem', root.pem)],
      ...untrusted,
      file('leaf.pem', leaf.pem),
    ]);
    return status === 0;
  }

  const at = (now: number, { notBeforeMs, notAfterMs, ...ask }: Certifying): Certifying => ({
    ...ask,
    ...(notBeforeMs !== undefined && { notBeforeMs: now + notBeforeMs }),
    ...(notAfterMs !== undefined && { notAfterMs: now + notAfterMs }),
  });

  test('WID-08: leads where OpenSSL says that it leads, and nowhere else', async () => {
    const judged = { good: 0, bad: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(undefined, undefined, 0, 1),
        fc.array(between, { maxLength: 3 }),
        fc.boolean(),
        fc.constantFrom(false, false, false, true),
        async (pathLength, betweens, isShuffled, ofStranger) => {
          const now = Date.now();
          const root = await authority(now, { ...(pathLength !== undefined && { pathLength }) });
          const others: Certified[] = [];
          let by = ofStranger ? await authority(now) : root;
          for (const [index, { flaw, pathLength: most }] of betweens.entries()) {
            const own = most === undefined ? {} : { pathLength: most };
            by = await authority(now, {
              subject: `CN=between ${index}`,
              by,
              ...own,
              ...at(now, flaws[flaw]),
            });
            others.unshift(by);
          }
          const leaf = await certify(now, { by, uris: ['spiffe://a.example/agent'] });
          if (isShuffled) others.reverse();
          const agreed = opensslAgrees(leaf, others, root);
          judged[agreed ? 'good' : 'bad'] += 1;
          const ders = others.map(({ der }) => der);
          const path = pathTo(readCertificate(leaf.der), ders, [readCertificate(root.der)], now);
          expect(path !== undefined).toBe(agreed);
        },
      ),
      { numRuns: 150 },
    );
    expect(Math.min(judged.good, judged.bad)).toBeGreaterThan(10);
  }, 120_000);
});
