import { execFile } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canRun, findProgram } from './program.js';
import { startProtem } from './protem.js';
import { redisPrograms, startRedis } from './redis.js';
import type { RedisServer } from './redis.js';
import { startWorld } from './world.js';
import type { World } from './world.js';

/**
 * What the Dockerfile puts into the image, run as the image runs it: its Node, no development dependency, an unknown user
 * without rights, nothing that can be written. No engine builds it here; the base image itself is not tried.
 */
const runs = canRun('what is in the image', {
  ...redisPrograms(),
  npm: findProgram('npm'),
  unshare: findProgram('unshare'),
  setpriv: findProgram('setpriv'),
});
const isRoot = process.getuid?.() === 0;
if (runs && !isRoot)
  process.stderr.write('skipped: what is in the image, because only root may confine it\n');

const nobody = '65532';
const run = promisify(execFile);
const dockerfile = readFileSync('Dockerfile', 'utf8');
const [, nodeMajor = ''] = /distroless\/nodejs(\d+)/.exec(dockerfile) ?? [];
const [, flags = ''] = /ENTRYPOINT \["\/nodejs\/bin\/node", (.*), "dist\/main.js"\]/.exec(dockerfile) ?? [];

/** Everything below a folder that is not there at the start of the shell, read-only for what it goes on as. */
const confined = (folder: string, program: readonly string[]): [string, ...string[]] => [
  'unshare',
  '--mount',
  'sh',
  '-c',
  `mount -o remount,bind,ro / && mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"`,
  folder,
  'setpriv',
  ...[`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--no-new-privs'],
  ...['--inh-caps=-all', '--bounding-set=-all'],
  ...program,
];

(runs && isRoot ? describe : describe.skip)('the image', () => {
  const folder = mkdtempSync(join(tmpdir(), 'protem-image-'));
  let redis: RedisServer;
  let world: World;
  let program: [string, ...string[]];

  beforeAll(async () => {
    chmodSync(folder, 0o755);
    for (const name of ['package.json', 'package-lock.json', '.npmrc', 'LICENSE'])
      cpSync(name, join(folder, name));
    await run('npm', ['ci', '--omit=dev', '--no-audit', '--no-fund'], { cwd: folder });
    const dist = join(folder, 'dist');
    await run('npx', ['tsc', '-p', 'tsconfig.json', '--outDir', dist]);
    await run(process.execPath, ['scripts/copy-lua.mjs', dist]);
    await run(process.execPath, ['scripts/build-console.mjs', dist]);
    const its = join(folder, 'node');
    await run('npm', ['install', '--prefix', its, '--no-audit', '--no-fund', `node@${nodeMajor}`]);
    program = confined(folder, [
      join(its, 'node_modules/node/bin/node'),
      ...(JSON.parse(`[${flags}]`) as string[]),
      join(folder, 'dist/main.js'),
    ]);
    [redis, world] = await Promise.all([startRedis(), startWorld()]);
    chmodSync(world.directory, 0o755);
  }, 300_000);
  afterAll(async () => {
    await world?.close();
    await redis?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('serves a task from its credential to its end: read-only, as nobody, on its own Node', async () => {
    const config = world.configure({ redis: { url: redis.url } });
    const { stdout } = await run(program[0], [
      ...program.slice(1, -2),
      '-p',
      "try { require('fs').writeFileSync(process.argv[1], '') } catch (e) { e.code + process.getuid() + process.version }",
      join(folder, 'a-file'),
    ]);
    expect(stdout).toMatch(new RegExp(`^EROFS${nobody}v${nodeMajor}\\.`));

    const protem = await startProtem('serve', config, world.environment, program);
    const task = await world.openTask(protem.api);
    const { status, body } = await world.ask(protem.api, task);
    expect(status).toBe(201);
    expect(await world.providers['vault']!.lets(body.secret)).toBe(true);
    expect((await world.endByWebhook(protem.api, task)).status).toBe(200);
    const look = await world.ledger({ url: redis.url });
    await look.becomes(body.lease.id, 'revoked', 60_000);
    expect(await world.providers['vault']!.lets(body.secret)).toBe(false);
    expect(await protem.stop()).toBe(0);
  }, 120_000);
});
