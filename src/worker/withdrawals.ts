import { randomUUID } from 'node:crypto';
import { judgeAfterSteps } from '../broker/after-steps.js';
import { announceContext } from '../broker/announce-context.js';
import { carryOut, endWithdrawal } from '../broker/carry-out.js';
import type { CarryOutPorts, OpenWithdrawal } from '../broker/carry-out.js';
import { repeat } from './repeat.js';
import type { Repeating } from './repeat.js';

const lookEveryMs = 200;
/** A process that dies with the turn keeps the others from it for so long. */
const turnMs = 2000;

type Work = OpenWithdrawal['what'] | 'after steps';

/**
 * Takes back and looks at again what the ledger says is to be: in every process, and by one of them at a time. Taking
 * back does not wait for looking again, however long that takes. A process whose policy is not the latest known leaves looking to the others.
 */
export function withdrawals(ports: CarryOutPorts): Repeating {
  const holder = randomUUID();
  let closed = false;
  let announced: string | undefined;
  const underWay = new Map<Work, Promise<void>>();

  const begin = (what: Work, work: () => Promise<void>) => {
    if (underWay.has(what)) return;
    const done = work()
      .catch((error: unknown) => ports.log.warn({ err: error, what }, 'it failed, and is begun again'))
      .finally(() => underWay.delete(what));
    underWay.set(what, done);
  };
  const inTurn = async (what: Work, work: (goOn: () => Promise<boolean>) => Promise<void>) => {
    const take = () => ports.ledger.shared('protem').turn(`withdrawals ${what}`, holder, turnMs);
    let turn = await take();
    if (!turn) return;
    let takenAt = performance.now();
    await work(async () => {
      if (!closed && performance.now() - takenAt > turnMs / 4) {
        turn = await take();
        takenAt = performance.now();
      }
      return !closed && turn !== undefined;
    }).finally(() => turn?.end().catch(() => {}));
  };
  const each = async (open: readonly OpenWithdrawal[], what: OpenWithdrawal['what']) => {
    const mine = open
      .filter((one) => one.what === what)
      .toSorted((one, other) => one.begunAt - other.begunAt);
    if (mine.length > 0)
      await inTurn(what, async (goOn) => {
        for (const one of mine) await carryOut(ports, one, goOn);
      });
  };

  return wrapped(
    repeat(async () => {
      const digest = ports.contextDigest();
      if (digest !== announced) {
        await announceContext(ports, digest);
        announced = digest;
      }
      const [open, stepped] = await Promise.all([
        ports.ledger.withdrawals.open(),
        ports.ledger.steps.stepped(1),
      ]);
      if (open.length + stepped.length === 0) return lookEveryMs;
      const latest = await ports.ledger.withdrawals.context();
      for (const one of open)
        if (one.contextDigest !== undefined && one.contextDigest !== latest) await endWithdrawal(ports, one);
      const decidable = open.filter(
        (one) => one.what === 'revoke' || (latest === digest && (one.contextDigest ?? latest) === latest),
      );
      begin('revoke', () => each(decidable, 'revoke'));
      begin('evaluate', () => each(decidable, 'evaluate'));
      if (stepped.length > 0 && latest === digest)
        begin('after steps', () => inTurn('after steps', (goOn) => judgeAfterSteps(ports, goOn)));
      return lookEveryMs;
    }, ports.log),
    () => (closed = true),
    () => Promise.all(underWay.values()),
  );
}

const wrapped = (repeating: Repeating, close: () => void, over: () => Promise<unknown>): Repeating => ({
  async close() {
    close();
    await repeating.close();
    await over();
  },
});
