import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { agentToken } from '../fake/pretend-broker.js';
import { serving } from '../http/serving.js';
import { canRun, findProgram } from './program.js';

const python = findProgram('python3');
const withPython = canRun('a terminal that is closed', { python3: python }) ? describe : describe.skip;

/** Runs the command in a terminal of its own, closes the terminal when it has said "ready", and tells how it ended. */
const inTerminal = `
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
said = b''
while b'ready' not in said:
    said += os.read(terminal, 1000)
os.close(terminal)
_, status = os.waitpid(pid, 0)
print(os.WTERMSIG(status) if os.WIFSIGNALED(status) else -os.WEXITSTATUS(status))
`;

withPython('the terminal of protem run is closed', () => {
  test.each([[['run']], [['run', '--no-mask']], [['serve-credentials']]])(
    '%j: the command is told, the task ends, and protem ends by the signal and leaves no core',
    async (words) => {
      const { url, broker } = await serving();
      const script = 'echo ready; while :; do sleep 0.05; done';
      const command = [...words, '--credential', 'reports-reader', '--', 'sh', '-c', script];
      const { stdout } = await promisify(execFile)(
        python!,
        ['-c', inTerminal, process.execPath, resolve('build/src/main.js'), ...command],
        { env: { PATH: process.env['PATH'], PROTEM_URL: url, PROTEM_TOKEN: agentToken }, timeout: 100_000 },
      );
      expect(stdout.trim()).toBe('1');
      expect([...broker.tasks.values()].map(({ outcome }) => outcome)).toEqual(['cancelled']);
    },
    120_000,
  );
});
