import { execFileSync } from 'node:child_process';
import { openbaoProgram } from '../test/stack/openbao.js';
import { machine } from './harness/report.js';
import { crashToRerun, redisBack } from './revocation-targets/crash.js';
import { idleExpiry, storm } from './revocation-targets/expiry.js';
import type { Row } from './revocation-targets/row.js';
import { databaseUsers, oneTimePasswords, taskEndToGone } from './revocation-targets/task-end.js';

/**
 * The promises of docs/revocation.md, measured on real processes of Protem and a real Redis with its append-only file.
 * `BENCH_SECONDS`: how long the tasks of the row with OpenBao keep coming.
 */
const seconds = Number(process.env['BENCH_SECONDS'] ?? 20);

function versionOf(program: string | undefined, ...parameters: string[]): string {
  try {
    return (
      execFileSync(program ?? '', parameters)
        .toString()
        .trim()
        .split('\n')[0] ?? ''
    );
  } catch {
    return 'none';
  }
}

machine(
  `${versionOf('redis-server', '--version')}; OpenBao: ${versionOf(openbaoProgram(), 'version')}; every process, Redis, the provider and the load on this machine, over loopback`,
);
console.log('| what | measured | target | met |');
console.log('|---|---|---|---|');
const print = ({ what, measured, target, met }: Row) =>
  console.log(`| ${what} | ${measured} | ${target} | ${met ? 'yes' : '**no**'} |`);

print(await idleExpiry());
print(await taskEndToGone(oneTimePasswords, 50, seconds));
// OpenBao and PostgreSQL by themselves make and revoke some forty users a second on two cores.
print(await taskEndToGone(databaseUsers, 10, seconds));
print(await storm());
for (const row of await crashToRerun()) print(row);
print(await redisBack());
process.exit(0);
