import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Row } from '../../../../../src/issuance/providers/aws-sts/cut/cover.js';
import { cutDocument } from '../../../../../src/issuance/providers/aws-sts/cut/document.js';
import { readCut, wrongFor } from '../../../../../src/issuance/providers/aws-sts/cut/verdict.js';
import { judged, now } from './judge.js';

/** More runs, and one seed again: PROTEM_CUT_RUNS=2000 PROTEM_CUT_SEED=... */
const runs = Number(process.env['PROTEM_CUT_RUNS'] ?? 60);
const seed = Number(process.env['PROTEM_CUT_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

const longestSeconds = 1800;
const quota = 10_240;

interface Lease {
  readonly task: string;
  readonly lease: string;
  readonly reservedAt: number;
  readonly issuedAt: number;
  readonly ttlSeconds: number;
  endedAt?: number;
}

interface Issue {
  readonly task: number;
  readonly mintSeconds: number;
  readonly ttlSeconds: number;
}

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('issue' as const),
      task: fc.nat(6),
      mintSeconds: fc.nat(6),
      ttlSeconds: fc.constantFrom(900, 900, 1200, 1800),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat(30) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('close' as const), task: fc.nat(6) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      seconds: fc.constantFrom(1, 2, 3, 30, 300, 950),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('write' as const) }) },
);

/** A role, its leases, and the documents that were written on it one after the other. */
function history() {
  const leases: Lease[] = [];
  const closed = new Set<string>();
  const spoiled = new Set<string>();
  const written: string[] = [];
  let generation = 0;
  let at = now;

  const expiresAt = ({ issuedAt, ttlSeconds }: Lease) => issuedAt + ttlSeconds;
  const isLive = (lease: Lease) => lease.endedAt === undefined && expiresAt(lease) > at;
  const end = (lease: Lease) => {
    if (lease.endedAt === undefined) lease.endedAt = at;
    spoiled.add(lease.task);
  };
  const taskNamed = (n: number) => {
    while (closed.has(`task${n}x${generation}`)) generation++;
    return `task${n}x${generation}`;
  };

  return {
    now: () => at,
    leases,
    isLive,
    written,
    issue(task: number, mintSeconds: number, ttlSeconds: number) {
      const lease = `L${leases.length}`;
      leases.push({ task: taskNamed(task), lease, reservedAt: at, issuedAt: at + mintSeconds, ttlSeconds });
      at += mintSeconds;
    },
    end(which: number) {
      const lease = leases.filter(isLive)[which];
      if (lease) end(lease);
    },
    close(task: number) {
      const name = taskNamed(task);
      closed.add(name);
      for (const lease of leases) if (lease.task === name) end(lease);
    },
    wait(seconds: number) {
      at += seconds;
      for (const lease of leases) if (expiresAt(lease) <= at) end(lease);
    },
    /** What the ledger still knows: it forgets what is older than the cut can ever be. */
    rows: (): Row[] =>
      leases
        .filter((lease) => isLive(lease) || lease.issuedAt + longestSeconds + 5 >= at)
        .map((lease) => ({
          task: lease.task,
          lease: lease.lease,
          live: isLive(lease),
          issuedFrom: lease.reservedAt,
          issuedUntil: lease.issuedAt,
          expiresAt: expiresAt(lease),
          taskClosed: closed.has(lease.task),
          taskSpoiled: spoiled.has(lease.task),
        })),
  };
}

test(`no revoked session is allowed and no live one denied, whatever happened before (seed ${seed}, ${runs} runs)`, async () => {
  let decisions = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 12, maxLength: 60 }),
      fc.infiniteStream(fc.nat(1_000_000)),
      fc.constantFrom(-2, 0, 2),
      async (steps, picks, shift) => {
        const past = history();
        const pick = (from: readonly Lease[], count: number) =>
          Array.from({ length: count }, () => from[picks.next().value! % from.length]!);
        for (const one of steps) {
          if (one.do === 'issue') await issue(one);
          else if (one.do === 'end') past.end(one.which);
          else if (one.do === 'close') past.close(one.task);
          else if (one.do === 'wait') past.wait(one.seconds);
          else await write();
        }

        /** Issuing writes nothing: what stands there spares what it does not know yet. */
        async function issue({ task, mintSeconds, ttlSeconds }: Issue) {
          past.issue(task, mintSeconds, ttlSeconds);
          const { task: of, lease, issuedAt } = past.leases.at(-1)!;
          const session = { name: `j.${of}.${lease}`, issuedSeconds: issuedAt + shift };
          const standing = past.written.slice(-2);
          expect({ session, is: await judged(session, standing) }).toEqual({ session, is: 'allowed' });
        }

        async function write() {
          const rows = past.rows();
          const options = { nowSeconds: past.now(), prefix: 'j', longestSeconds, quota };
          const document = cutDocument(rows, { ...options, epoch: past.written.length + 1 });
          expect(cutDocument(rows.toReversed(), { ...options, epoch: past.written.length + 1 })).toEqual(
            document,
          );
          expect(document.size <= quota).toBe(document.fits);
          past.written.push(document.text);
          const read = readCut(document.text)!;
          for (const row of rows) expect(wrongFor(row, `j.${row.task}.${row.lease}`, [read])).toBeUndefined();
          // The one before stays for a moment, and one of long ago comes back when its writer was held up.
          const stale = past.written[picks.next().value! % past.written.length]!;
          const together = [...new Set([document.text, past.written.at(-2) ?? stale, stale])];
          const asked = past.leases.length <= 6 ? past.leases : pick(past.leases, 6);
          for (const lease of asked) {
            const session = { name: `j.${lease.task}.${lease.lease}`, issuedSeconds: lease.issuedAt + shift };
            const expected = past.isLive(lease) ? 'allowed' : 'explicitly_denied';
            for (const documents of [[document.text], together]) {
              decisions++;
              expect({ session, is: await judged(session, documents) }).toEqual({ session, is: expected });
            }
          }
          const fresh = { name: 'j.freshone.1', issuedSeconds: past.now() };
          expect(await judged(fresh, together)).toBe('allowed');
        }
      },
    ),
    { numRuns: runs, seed },
  );
  expect(decisions).toBeGreaterThan(runs);
}, 600_000);
