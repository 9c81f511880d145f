import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { portOrFree } from '../../src/sandbox/port.js';

/** The program at `configured`, or the first of this name in the folders and on PATH; undefined when there is none. */
export function findProgram(
  name: string,
  configured?: string,
  folders: readonly string[] = [],
): string | undefined {
  const places = configured
    ? [configured]
    : [...folders, ...(process.env['PATH'] ?? '').split(delimiter)].map((folder) => join(folder, name));
  return places.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * True when the stack test can run. A missing program is said aloud and skipped, or is a failure where
 * PROTEM_STACK_REQUIRED=1.
 */
export function canRun(what: string, programs: Readonly<Record<string, string | undefined>>): boolean {
  const missing = Object.entries(programs).flatMap(([name, path]) => (path === undefined ? [name] : []));
  if (missing.length === 0) return true;
  if (process.env['PROTEM_STACK_REQUIRED'] === '1') throw new Error(`${what} needs ${missing.join(', ')}`);
  process.stderr.write(`skipped: ${what}, because ${missing.join(', ')} was not found\n`);
  return false;
}

/** Starts a program whose output is kept for the message of a failure. */
export function start(program: string, parameters: readonly string[], options: SpawnOptions) {
  const child = spawn(program, parameters, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-4000)));
  return { child, output: () => output };
}

export async function stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await ended;
}

export const freePort = (): Promise<number> => portOrFree(0);
