import { cpus, totalmem } from 'node:os';
import type { Load } from './wrk.js';

/** Says what the numbers were measured on: without it they mean nothing. */
export function machine(method: string): void {
  const [cpu] = cpus();
  console.log(
    `\nNode ${process.version}, ${cpus().length} x ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB; ${method}\n`,
  );
}

export function printTable(floorPerSecond: number, rows: readonly (readonly [string, Load, string])[]): void {
  console.log('| path | requests/s | of the echo | p50 ms | p99 ms | server CPU µs | not 2xx | target |');
  console.log('|---|---:|---:|---:|---:|---:|---:|---|');
  for (const [name, load, target] of rows)
    console.log(
      `| ${name} | ${Math.round(load.perSecond)} | ${(load.perSecond / floorPerSecond).toFixed(3)} | ${load.p50Ms.toFixed(2)} | ${load.p99Ms.toFixed(2)} | ${load.cpuMicros?.toFixed(0) ?? ''} | ${load.refused} | ${target} |`,
    );
}
