import { saidBy } from '../audit/checkpoint.js';
import type { Anchor, CheckpointSigner, SignedCheckpoint } from '../audit/checkpoint.js';
import type { Ports } from '../broker/ports.js';
import { repeat } from './repeat.js';
import type { Repeating } from './repeat.js';

export interface CheckpointOptions {
  readonly everyMs: number;
  readonly everyRecords: number;
  readonly anchors: readonly Anchor[];
  /** How often to look whether one is due. */
  readonly lookEveryMs?: number;
}

type Looking = Pick<Ports, 'ledger' | 'installation' | 'log'>;

const atOnce = 500;

/** Signs where the log stands, again and again, and tells the places outside. Any number of workers may. */
export function checkpoints(ports: Looking, signer: CheckpointSigner, options: CheckpointOptions): Repeating {
  return repeat(async () => {
    await signIfDue(ports, signer, options);
    for (const anchor of options.anchors)
      await anchorSome(ports, anchor).catch((error: unknown) =>
        ports.log.warn({ anchor: anchor.name, err: error }, 'checkpoints could not be anchored; told again'),
      );
    return options.lookEveryMs ?? 1000;
  }, ports.log);
}

/**
 * Signs the head of the chain when it is due. Not signed is a log that no longer holds what the last checkpoint says,
 * unless an operator has accepted the store since: a signature would cover that up.
 */
export async function signIfDue(
  { ledger, installation, log }: Looking,
  signer: CheckpointSigner,
  { everyMs, everyRecords }: Pick<CheckpointOptions, 'everyMs' | 'everyRecords'>,
): Promise<SignedCheckpoint | undefined> {
  const [head, last] = await Promise.all([ledger.log.head(), ledger.checkpoints.last()]);
  if (!head || (last && head.seq <= last.seq)) return undefined;
  const at = Math.floor(ledger.clock());
  if (last && head.seq - last.seq < everyRecords && at - last.at < everyMs) return undefined;
  const before = last && saidBy(last);
  const { now, holds } = await ledger.mark(before && { ...before, sealedId: before.id, lastId: '' });
  if (before && !holds && now.epoch <= before.epoch) {
    log.error({ seq: before.seq }, 'the audit log no longer holds its last checkpoint; none is signed');
    return undefined;
  }
  const jws = await signer.sign({ ...head, at, installation, epoch: now.epoch });
  const made = { seq: head.seq, at, jws };
  return (await ledger.checkpoints.add(made)) ? made : undefined;
}

async function anchorSome({ ledger }: Looking, anchor: Anchor): Promise<void> {
  const latest = await ledger.checkpoints.last();
  if (!latest) return;
  for (let from = await anchor.last(latest); ;) {
    const untold = await ledger.checkpoints.after(from, atOnce);
    if (untold.length > 0) await anchor.tell(untold);
    if (untold.length < atOnce) return;
    from = untold.at(-1)!.seq;
  }
}
