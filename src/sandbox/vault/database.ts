import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { hangUp, listen } from './listen.js';

/** A database with users and passwords, and nothing in it. */
export interface Database {
  readonly url: string;
  createUser(role: string): { readonly username: string; readonly password: string };
  dropUser(username: string): void;
  users(): readonly string[];
  close(): Promise<void>;
}

/**
 * Answers `GET /` with Basic authentication: 200 and who is connected, or 401 the way PostgreSQL says it. `before`
 * runs ahead of each answer, so that what is due has ended.
 */
export async function openDatabase(before: () => void): Promise<Database> {
  const passwords = new Map<string, string>();
  const server = createServer((request, response) => {
    before();
    const basic = /^Basic (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const [username = '', password = ''] = Buffer.from(basic, 'base64').toString().split(/:(.*)/s);
    const known = passwords.get(username);
    const accepted = known !== undefined && same(known, password);
    response.writeHead(accepted ? 200 : 401, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(
        accepted
          ? { connected: username, rows: [{ answer: 42 }] }
          : { error: `password authentication failed for user "${username}"` },
      ),
    );
  });
  return {
    url: await listen(server),
    createUser(role) {
      const username = `v-token-${role.slice(0, 8)}-${randomBytes(10).toString('hex')}`;
      const password = randomBytes(15).toString('base64url');
      passwords.set(username, password);
      return { username, password };
    },
    dropUser: (username) => void passwords.delete(username),
    users: () => [...passwords.keys()],
    close: () => hangUp(server),
  };
}

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
