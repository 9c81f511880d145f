import { createHash } from 'node:crypto';
import { tellingOf } from '../broker/notices.js';
import type { Ports } from '../broker/ports.js';
import type { NoticeJob, NoticeQueue } from '../notification/bullmq-notices.js';
import type { NoticeTarget } from '../notification/notification-settings.js';
import { send } from '../notification/send.js';
import type { Sent } from '../notification/send.js';
import { repeat } from './repeat.js';
import type { Repeating } from './repeat.js';

export type Targets = Readonly<Record<string, NoticeTarget>>;

const everyMs = 200;
const atOnce = 50;

/** A target at another address is another target: one that was put right is told again. */
const nameOf = (target: string, { url }: NoticeTarget): string =>
  `${target}:${createHash('sha256').update(url).digest('hex').slice(0, 16)}`;

/** Moves what the store has for people outside into the queue, once for each of those who are to be told. */
export const queueNotices = (
  ports: Pick<Ports, 'ledger' | 'policy' | 'log'>,
  targets: Targets,
  queue: NoticeQueue,
  consoleUrl: string,
): Repeating =>
  repeat(async () => {
    const waiting = await ports.ledger.notices.waiting(atOnce);
    for (const notice of waiting) {
      const message = await tellingOf(ports, notice, consoleUrl);
      for (const [name, target] of Object.entries(targets))
        if (message && target.types.includes(notice.type) && !(await isDisabled(ports, name, target)))
          await queue.add({ target: name, message });
      await ports.ledger.notices.done(notice);
    }
    return waiting.length === atOnce ? 1 : everyMs;
  }, ports.log);

const isDisabled = ({ ledger }: Pick<Ports, 'ledger'>, name: string, target: NoticeTarget) =>
  ledger.notices.isDisabled(nameOf(name, target));

/** One attempt. What the settings no longer have is not told; 410 is remembered, and told in the audit log. */
export async function deliverNotice(
  ports: Pick<Ports, 'ledger' | 'log'>,
  targets: Targets,
  { target: name, message }: NoticeJob,
): Promise<Sent> {
  const target = Object.hasOwn(targets, name) ? targets[name] : undefined;
  if (!target || (await isDisabled(ports, name, target))) return { is: 'gone' };
  const sent = await send(target, message, ports.ledger.clock());
  if (sent.is === 'failed')
    ports.log.warn({ target: name, message: message.id, why: sent.why }, 'a notice could not be delivered');
  if (sent.is === 'gone') {
    ports.log.error({ target: name }, 'the receiver of notices wants no more (410); it is told nothing');
    await ports.ledger.notices.disable(nameOf(name, target));
    await ports.ledger.log.record({ type: 'notification.disabled', target: name });
  }
  return sent;
}
