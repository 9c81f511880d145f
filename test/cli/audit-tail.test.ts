import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { exchangeBy } from '../../src/cli/exchange.js';
import { auditPage } from '../../src/cli/audit-api.js';
import { Refused } from '../../src/cli/refused.js';
import { tailAudit } from '../../src/cli/audit-tail.js';
import type { TailOptions } from '../../src/cli/audit-tail.js';
import { recordLine } from '../../src/cli/record-line.js';
import { logOf } from '../audit/logging.js';
import { startSandboxBroker } from '../setup/sandbox-broker.js';
import { protem } from './protem.js';

// Processes too: a busy machine may take its time.
jest.setTimeout(120_000);

const [ours, others] = ['tsk_aaaaaaaa', 'tsk_bbbbbbbb'];
const whole = logOf(30, 'chn_0000000000000001', (seq) => ({
  type: 'task.ended',
  task: seq % 3 === 0 ? ours : others,
  agent: 'a',
  seq,
}));

/** A broker whose log has so many records, and which answers, or does not, as it is told. */
function broker() {
  const state = { written: 0, status: 200 };
  const server = createServer((req, res) => {
    if (state.status !== 200) return res.writeHead(state.status).end('{"detail":"No."}');
    const query = new URL(req.url!, 'http://x').searchParams;
    const from = whole.findIndex(({ at }) => at >= (query.get('since') ?? ''));
    const start = Number(query.get('page_token') ?? (from === -1 ? state.written : from));
    const items = whole.slice(start, Math.min(start + 4, state.written));
    const next = start + 4 < state.written ? { next_page_token: String(start + 4) } : {};
    return res.end(JSON.stringify({ items, ...next }));
  });
  return { state, server };
}

function tailing(url: string, options: Partial<TailOptions> = {}) {
  const stopping = new AbortController();
  const lines: string[] = [];
  const said: string[] = [];
  const wanted = new Set<() => void>();
  const tell = (to: string[]) => (text: string) => {
    to.push(text);
    for (const look of wanted) look();
  };
  const done = tailAudit(
    { url, token: () => 't', fetch: exchangeBy({}), sleep: () => Promise.resolve(), signal: stopping.signal },
    { format: ({ seq }) => String(seq), everyMs: 5, since: '2000-01-01T00:00:00Z', ...options },
    { write: (line) => Promise.resolve(tell(lines)(line)), say: tell(said) },
  );
  const until = (holds: () => boolean) =>
    new Promise<void>((found) => {
      const look = () => void (holds() && found());
      wanted.add(look);
      look();
    });
  return { done, lines, said, until, stop: () => stopping.abort() };
}
const listening = async (server: ReturnType<typeof createServer>, port = 0) => {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`);

test('what is added is written once and in its order, also of one moment, and of a subject when that is asked for', async () => {
  const { state, server } = broker();
  const url = `http://127.0.0.1:${await listening(server)}`;
  state.written = 10;
  const [all, some] = [tailing(url), tailing(url, { subject: ours })];
  await all.until(() => all.lines.length === 10);
  state.written = 11;
  await all.until(() => all.lines.length === 11);
  state.written = 30;
  await Promise.all([all.until(() => all.lines.length === 30), some.until(() => some.lines.length === 10)]);
  for (const one of [all, some]) one.stop();
  await Promise.all([all.done, some.done]);
  expect(all.lines).toEqual(numbers(1, 30));
  expect(some.lines).toEqual(numbers(1, 10).map((n) => String(Number(n) * 3)));
  server.close();
});

test('a broker that was away is asked until it answers, and nothing is missed; that is said once', async () => {
  const { state, server } = broker();
  const port = await listening(server);
  state.written = 3;
  const tail = tailing(`http://127.0.0.1:${port}`);
  await tail.until(() => tail.lines.length === 3);
  state.status = 503;
  await tail.until(() => tail.said.length === 1);
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  state.written = 9;
  state.status = 200;
  await listening(server, port);
  await tail.until(() => tail.lines.length === 9 && tail.said.length === 2);
  tail.stop();
  await tail.done;
  expect(tail.lines).toEqual(numbers(1, 9));
  expect(tail.said).toEqual(['No.: it is asked again until it answers.', 'The broker answers again.']);
  server.close();
});

test('who may not read the log is told, and not kept waiting', async () => {
  const { state, server } = broker();
  const url = `http://127.0.0.1:${await listening(server)}`;
  state.status = 403;
  await expect(tailing(url).done).rejects.toThrow(new Refused(403, 'No.'));
  await expect(tailing(url, { since: 'soon' }).done).rejects.toThrow(
    '"soon" is neither a moment nor a duration',
  );
  server.close();
});

test('it begins by the clock of the broker', async () => {
  const asked: (string | null)[] = [];
  const brokersNow = Date.parse('2031-05-05T05:05:05Z');
  const server = createServer((req, res) => {
    asked.push(new URL(req.url!, 'http://x').searchParams.get('since'));
    res.writeHead(200, { date: new Date(brokersNow).toUTCString() }).end('{"items":[]}');
  });
  const url = `http://127.0.0.1:${await listening(server)}`;
  const page = await auditPage({ url, token: () => 't', fetch: exchangeBy({}) }, {});
  expect(page.answeredAt).toBe(brokersNow);
  for (const [since, begins] of [
    [undefined, '2031-05-05T05:05:05.000Z'],
    ['10m', '2031-05-05T04:55:05.000Z'],
  ] as const) {
    asked.splice(0);
    const tail = tailing(url, { everyMs: 1, ...(since ? { since } : { since: undefined as never }) });
    while (asked.length < 2) await once(server, 'request');
    tail.stop();
    await tail.done;
    expect(asked[1]).toBe(begins);
  }
  server.close();
});

test('a line for a person has no way to steer a terminal', () => {
  const [record] = logOf(1, 'chn_0000000000000001', () => ({
    type: 'task.opened',
    intent: '\u001b[2Jx\ny',
    n: 1,
  }));
  expect(recordLine(record!)).toBe(`${record!.at}  task.opened           intent= [2Jx y  n=1`);
});

describe('the verb', () => {
  let sandbox: Awaited<ReturnType<typeof startSandboxBroker>>;
  const token = async (form: Record<string, string>) => {
    const answer = await fetch(`${sandbox.places.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams(form),
    });
    return ((await answer.json()) as { access_token: string }).access_token;
  };
  beforeAll(async () => {
    sandbox = await startSandboxBroker();
  });
  afterAll(() => sandbox.close());

  async function openTask(intent: string): Promise<void> {
    const headers = {
      authorization: `Bearer ${await token({ subject: 'reporter' })}`,
      'content-type': 'application/json',
    };
    const body = JSON.stringify({ intent, deadline: '1h' });
    const { status } = await fetch(`${sandbox.places.api}/v1/tasks`, { method: 'POST', headers, body });
    expect(status).toBe(201);
  }
  const viewer = async () => ({
    PROTEM_URL: sandbox.places.api,
    PROTEM_TOKEN: await token({ subject: 'vera', kind: 'operator', role: 'viewer' }),
  });

  /** As soon as it says this; a process that ended without it is told as it ended. */
  const said = async (running: ReturnType<typeof protem>, text: string) =>
    Promise.race([
      running.said(text),
      running.ended.then((ran) => {
        if (!ran.out.includes(text)) throw new Error(`"${text}" was not said: ${JSON.stringify(ran)}`);
      }),
    ]);

  test('protem audit tail shows a task that is opened, and ends with 0 at SIGINT', async () => {
    await openTask('before');
    const running = protem(await viewer(), 'audit', 'tail', '--since', '1h');
    await said(running, '"before"');
    await openTask('while it runs');
    await said(running, '"while it runs"');
    running.child.kill('SIGINT');
    const { code, out, err } = await running.ended;
    expect([code, err]).toEqual([0, '']);
    const records = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { seq: number });
    expect(records.map(({ seq }) => seq)).toEqual(records.map((_, i) => records[0]!.seq + i));
  });

  test('who may not read the log ends with 4', async () => {
    const agent = { PROTEM_URL: sandbox.places.api, PROTEM_TOKEN: await token({ subject: 'reporter' }) };
    for (const verb of ['tail', 'export']) expect((await protem(agent, 'audit', verb).ended).code).toBe(4);
  });

  test('protem audit tail ends with 0 when whoever read it has left', async () => {
    await openTask('read');
    const running = protem(await viewer(), 'audit', 'tail', '--since', '1h', '-o', 'text');
    await said(running, 'task.opened');
    running.child.stdout.destroy();
    await once(running.child.stdout, 'close');
    await openTask('unread');
    const { code, err } = await running.ended;
    expect([code, err]).toEqual([0, '']);
  });
});
