import { execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { findProgram, freePort, start, stop } from './program.js';

/** Where Debian keeps the programs of a server, which are not on PATH. */
function serverFolders(): string[] {
  const root = '/usr/lib/postgresql';
  try {
    return readdirSync(root)
      .toSorted((a, b) => Number(b) - Number(a))
      .map((version) => join(root, version, 'bin'));
  } catch {
    return [];
  }
}

export const postgresPrograms = () => ({
  initdb: findProgram('initdb', undefined, serverFolders()),
  postgres: findProgram('postgres', undefined, serverFolders()),
  psql: findProgram('psql', undefined, serverFolders()),
});

export interface Login {
  readonly username: string;
  readonly password: string;
}

export interface Postgres {
  readonly port: number;
  readonly admin: Login;
  /** Runs SQL as the administrator; the rows as text. */
  sql(text: string): string[];
  /** Whether this user gets in. Throws when the answer is neither yes nor a refusal. */
  connects(login: Login): boolean;
  /** A session that stays open, and takes one statement at a time. */
  session(login: Login): Session;
  close(): Promise<void>;
}

export interface Session {
  /** What psql prints for the statement, errors included. */
  run(sql: string): Promise<string>;
  end(): Promise<void>;
}

/** A private PostgreSQL cluster in a temporary folder, on a free port of loopback, with passwords asked for over TCP. */
export async function startPostgres(programs: ReturnType<typeof postgresPrograms>): Promise<Postgres> {
  const { initdb, postgres, psql } = programs;
  if (!initdb || !postgres || !psql) throw new Error('PostgreSQL is not here');
  const folder = mkdtempSync(join(tmpdir(), 'protem-postgres-'));
  const admin = { username: 'administrator', password: 'password-of-the-test-cluster' };
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, admin.password, { mode: 0o600 });
  const owner = ownerOfServer();
  if (owner.uid !== undefined && owner.gid !== undefined)
    for (const path of [folder, passwordFile]) chownSync(path, owner.uid, owner.gid);
  const data = join(folder, 'data');
  execFileSync(
    initdb,
    ['-D', data, '-U', admin.username, '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--no-sync'],
    { ...owner, cwd: folder, stdio: 'pipe' },
  );
  const port = await freePort();
  const { child, output } = start(
    postgres,
    ['-D', data, '-p', `${port}`, '-h', '127.0.0.1', '-k', folder, '-F'],
    { ...owner, cwd: folder },
  );

  const parameters = ({ username }: Login) =>
    `-h 127.0.0.1 -p ${port} -U ${username} -d postgres -X -A -t -w -v VERBOSITY=terse`.split(' ');
  const environment = ({ password }: Login) => ({ PATH: process.env['PATH'], PGPASSWORD: password });
  const run = (login: Login, text: string) =>
    execFileSync(psql, [...parameters(login), '-c', text], { env: environment(login), stdio: 'pipe' })
      .toString()
      .split('\n')
      .filter((line) => line !== '');

  for (let tries = 0; ; tries++) {
    if (child.exitCode !== null || tries > 300) throw new Error(`PostgreSQL did not start: ${output()}`);
    try {
      run(admin, 'select 1');
      break;
    } catch {
      await wait(100);
    }
  }
  return {
    port,
    admin,
    sql: (text) => run(admin, text),
    connects(login) {
      try {
        return run(login, 'select 42')[0] === '42';
      } catch (error) {
        const said = String((error as { stderr?: Buffer }).stderr);
        if (/password authentication failed|does not exist/.test(said)) return false;
        throw error;
      }
    },
    session: (login) => openSession(psql, parameters(login), environment(login)),
    async close() {
      await stop(child, 'SIGINT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** PostgreSQL refuses to run as root: there it runs as its own user. */
function ownerOfServer(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres']).toString());
  return { uid: id('-u'), gid: id('-g') };
}

function openSession(psql: string, parameters: string[], env: NodeJS.ProcessEnv): Session {
  const child = spawn(psql, parameters, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let text = '';
  const heard = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      for (const tell of heard) tell();
    });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.stdin.on('error', () => {});
  let count = 0;
  return {
    async run(sql) {
      const mark = `end of statement ${++count}`;
      text = '';
      const marked = new Promise<void>((resolve) => {
        const tell = () => text.includes(mark) && resolve();
        heard.add(tell);
      });
      child.stdin.write(`${sql};\n\\echo ${mark}\n`);
      await Promise.race([marked, closed]);
      heard.clear();
      return text.replace(`${mark}\n`, '').trim();
    },
    async end() {
      child.stdin.end('\\q\n');
      await closed;
    },
  };
}
