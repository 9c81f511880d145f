import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** `protem` as a process, without a terminal. */
export function protem(environment: Readonly<Record<string, string | undefined>>, ...words: string[]) {
  const env = { PATH: process.env['PATH'], HOME: '/nonexistent', ...environment };
  const child = spawn(process.execPath, [resolve('build/src/main.js'), ...words], {
    env: Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined)),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  const waiting = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    for (const look of waiting) look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    for (const look of waiting) look();
  });
  const ended = (once(child, 'close') as Promise<[number | null]>).then(([code]): Ran => ({
    code,
    out,
    err,
  }));
  /** When the text is there, on either output; what the first has by then. */
  const said = (text: string) =>
    new Promise<string>((found) => {
      const look = () => void ([out, err].some((one) => one.includes(text)) && found(out));
      waiting.add(look);
      look();
    });
  return { child, ended, said };
}
