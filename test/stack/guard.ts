import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Writable } from 'node:stream';

/** Kills what it was told of and not told of again, when its input ends: with whoever started it, however that ends. */
const program = `
  const alive = new Set();
  require('readline').createInterface({ input: process.stdin })
    .on('line', (line) => alive[line[0] === '+' ? 'add' : 'delete'](Number(line.slice(1))))
    .on('close', () => {
      for (const pid of alive) try { process.kill(pid, 'SIGKILL'); } catch {}
    });
`;

let guard: Writable | undefined;

function guarding(): Writable {
  if (guard) return guard;
  const child = spawn(process.execPath, ['-e', program], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  child.unref();
  (child.stdin as Writable & { unref(): void }).unref();
  return (guard = child.stdin);
}

/** A test process that ends early, even by being killed, takes this child with it. */
export function endWithUs(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  guarding().write(`+${pid}\n`);
  child.once('exit', () => guarding().write(`-${pid}\n`));
}
