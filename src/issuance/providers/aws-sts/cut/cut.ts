import type { Ending, Handle, Revoked } from '../../../provider.js';
import type { Enrolment, ProviderWorld } from '../../../world.js';
import { openBatch } from './batch.js';
import { confirm, confirmedUntil } from './confirm.js';
import type { Groups } from './groups.js';
import { latestIssueMs } from './rows.js';
import { lookAfter } from './upkeep.js';
import { readCut } from './verdict.js';
import { type Group, openWriter, type Write } from './writer.js';

export interface CutSessions {
  /** `written` once the deny stands at AWS, `revoked` once it is known to be in force. */
  revoke(handle: Handle, enrolment: Enrolment, ending?: Ending): Promise<Revoked>;
  /** Looks after all documents once; answers in how many milliseconds to come again. */
  upkeep(): Promise<number>;
  close(): void;
}

/** A session that ends by itself so soon would be gone before a deny could be in force; what it went on to would not. */
const notWorthMs = 5000;
/** Once or twice that: so that workers that started together do not stay together. */
const upkeepEveryMs = 30_000;

/** Cutting off sessions by a deny document: what `revoke` of the provider does for leases that are enrolled. */
export function openCut(groups: Groups, world: ProviderWorld): CutSessions {
  const open = new Map<string, ReturnType<typeof openGroup>>();
  const stopping = new AbortController();
  const of = (name: string) => {
    let group = open.get(name);
    if (!group) open.set(name, (group = openGroup(groups.group(name))));
    return group;
  };

  function openGroup(group: Group) {
    const writer = openWriter(group, world);
    const { effectiveAfterMs } = group.rows;
    const watch = ({ written, probe }: Write) => {
      if (probe) void confirm(world, group.name, written, probe, effectiveAfterMs, stopping.signal);
    };
    return { ...group, writer, watch, batch: openBatch(writer, watch) };
  }

  async function isInForce(name: string, handle: Handle, ending: Ending & { writtenAt: number }) {
    const { place, rows, writer } = of(name);
    const until = await confirmedUntil(world, name);
    if (until >= ending.writtenAt) return true;
    // The lease was written everywhere by then, and here perhaps sooner: the last document denies it.
    const last = await writer.lastWritten();
    if (last && until >= last.writtenAt) return true;
    if (world.clock() < ending.writtenAt + rows.effectiveAfterMs) return false;
    // Nobody saw it in force. After so long it is, if it still stands there.
    const standing = await place.read(await place.look());
    const issuedSeconds = Math.ceil(latestIssueMs(ending, handle, rows) / 1000);
    const denies = standing.some(({ text }) =>
      readCut(text)?.denies(String(handle['sessionName']), issuedSeconds),
    );
    return denies ? true : 'gone';
  }

  async function revoke(handle: Handle, { groups: names }: Enrolment, ending?: Ending): Promise<Revoked> {
    const { clock } = world;
    groups.seen(handle);
    const onItsOwn = ending?.mintUntil === undefined && handle['chainedRoles'] === undefined;
    if (ending && onItsOwn && ending.expiresAt <= clock() + notWorthMs) return { is: 'expires' };
    if (ending?.writtenAt !== undefined) {
      const { writtenAt } = ending;
      const force = await Promise.all(names.map((name) => isInForce(name, handle, { ...ending, writtenAt })));
      if (force.every((is) => is === true)) return { is: 'revoked' };
      if (!force.includes('gone'))
        return { is: 'written', writtenAt, againAfterSeconds: clock() < writtenAt + 10_000 ? 1 : 5 };
    }
    const asked = {
      name: String(handle['sessionName']).slice(groups.prefix.length + 1),
      unknownLease: ending === undefined,
      // What was written and is gone again is not covered by whatever was written since it was asked for.
      ...(ending?.revocationRequestedAt !== undefined &&
        ending.writtenAt === undefined && { requestedAt: ending.revocationRequestedAt }),
    };
    const writes = await Promise.all(names.map((name) => of(name).batch.deny(asked)));
    return {
      is: 'written',
      writtenAt: Math.max(...writes.map(({ writtenAt }) => writtenAt)),
      againAfterSeconds: 1,
    };
  }

  async function upkeep(): Promise<number> {
    const names = await world.shared.groups();
    const looks = await Promise.allSettled(
      names.map(async (name) => {
        const group = of(name);
        const written = await lookAfter(group, group.writer, world);
        if (written) group.watch(written);
      }),
    );
    for (const [i, look] of looks.entries())
      if (look.status === 'rejected')
        world.log.warn({ group: names[i], err: look.reason }, 'a deny document could not be looked after');
    return upkeepEveryMs * (1 + Math.random());
  }

  return {
    revoke,
    upkeep,
    close() {
      stopping.abort();
      groups.close();
    },
  };
}
