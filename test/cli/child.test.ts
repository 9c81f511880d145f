import { Writable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { runChild } from '../../src/cli/child.js';
import { Signals } from '../../src/cli/signals.js';
import type { Terminal } from '../../src/cli/terminal.js';

/** As the standard output of Node: what fails there leaves it open, and with what was not written still to be drained. */
const brokenPipe = () =>
  new Writable({
    autoDestroy: false,
    highWaterMark: 1,
    write: (_chunk, _encoding, done) => void setImmediate(() => done(new Error('EPIPE'))),
  });

const timers = () => process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length;

test('nothing is waited for that a reader who has gone would have had to take', async () => {
  const out = brokenPipe();
  const terminal = {
    out,
    err: new Writable({ write: (_chunk, _encoding, done) => done() }),
    input: process.stdin,
  } as unknown as Terminal;
  const signals = new Signals();
  const before = timers();
  try {
    const environment = { PATH: process.env['PATH'] };
    const child = await runChild(terminal, ['yes'], { environment, hidden: [], signals });
    expect(child.code).not.toBe(0);
    expect(out.writableNeedDrain).toBe(true);
    await child.written;
    expect(timers()).toBe(before);
  } finally {
    signals.close();
  }
});
