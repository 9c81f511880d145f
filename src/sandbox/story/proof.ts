import type { Answer, Json } from './api-client.js';
import { until } from './world.js';
import type { Telling, World } from './world.js';

const exitCodes = { whole: 0, changed: 11, cut: 16 };

/** The log is taken out and proven without the broker; then two copies that somebody has tampered with are. */
export async function tellOfProof(world: World, tell: Telling, number: number, lease: string): Promise<void> {
  const { api, operatorToken, proof } = world;
  const last = await endOf(world, lease);
  const checkpoints = await until(
    () => api.call('GET', '/v1/audit/checkpoints?page_size=500', operatorToken),
    (answer) => covers(answer, last),
  );
  const keys = await api.call('GET', '/v1/audit/keys');
  const log = await proof.exportLog();
  tell.step(
    number,
    'protem audit verify, on the export of the whole log, with the keys of the broker and its signed checkpoints',
  );
  const found = async (label: string, lines: readonly string[], exitCode: number, what: string) => {
    const verified = await proof.verify(lines, keys.body, checkpoints.body);
    const verdict = verified.said.filter((line) => !/^(chain|head) /.test(line)).at(-1);
    tell.line(label, `${verdict}`, tell.expect(verified.exitCode === exitCode, what));
  };
  const isCovered = tell.expect(covers(checkpoints, last), 'a signed checkpoint covers what was told');
  tell.line('signed', `up to record ${Math.max(...placesOf(checkpoints))} of ${log.length}`, isCovered);
  await found('as it is', log, exitCodes.whole, 'the log is whole');
  await found('another person in an answer', forged(log), exitCodes.changed, 'a changed record is found');
  await found('without its end', log.slice(0, last - 1), exitCodes.cut, 'an end that was cut off is found');
}

/** Where in the chain this lease ended, once it is chained. */
async function endOf({ api, operatorToken }: World, lease: string): Promise<number> {
  const isEnd = ({ event }: Json) => event.type === 'lease.revoked';
  const log = await until(
    () => api.call('GET', `/v1/audit?lease=${lease}`, operatorToken),
    ({ body }) => (body?.items ?? []).some(isEnd),
  );
  return Number(log.body?.items?.find(isEnd)?.seq);
}

const placesOf = ({ body }: Answer): number[] => (body?.items ?? []).map(({ seq }: Json) => Number(seq));
const covers = (answer: Answer, last: number) => placesOf(answer).some((seq) => seq >= last);

/** The same log, but one who approved is said to be somebody else. */
function forged(log: readonly string[]): string[] {
  const at = log.findLastIndex((line) => (JSON.parse(line) as Json).event.type === 'approval.decided');
  return log.map((line, index) => (index === at ? line.replace('operator:peter', 'operator:mallory') : line));
}
