import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SignInMemory } from '../../identity/oidc-sign-in.js';

/** The two cookies of the console. Secure and bound to the host, but where a browser reaches loopback over http. */
export interface Cookies {
  /** Of the one that proves a session. */
  readonly name: string;
  readonly session: (req: IncomingMessage) => string | undefined;
  readonly setSession: (res: ServerResponse, id: string) => void;
  readonly clearSession: (res: ServerResponse) => void;
  /** Between the two halves of a sign-in. Lax: the second half comes from the identity provider's page. */
  readonly memory: (req: IncomingMessage) => SignInMemory | undefined;
  readonly setMemory: (res: ServerResponse, memory: SignInMemory) => void;
  readonly clearMemory: (res: ServerResponse) => void;
}

const memorySeconds = 600;

/** RFC 6265bis section 4.1.3.2: `__Host-` makes the browser refuse what another host, or http, would set. */
export function cookiesFor(origin: string): Cookies {
  const { protocol, port } = new URL(origin);
  const secure = protocol === 'https:';
  const name = secure ? '__Host-protem' : `protem-${port || '80'}`;
  const memoryName = `${name}-sign-in`;
  const attributes = `Path=/; HttpOnly${secure ? '; Secure' : ''}`;
  const set = (res: ServerResponse, cookie: string) => void res.appendHeader('Set-Cookie', cookie);
  return {
    name,
    session: (req) => valueOf(req, name),
    setSession: (res, id) => set(res, `${name}=${id}; ${attributes}; SameSite=Strict`),
    clearSession: (res) => set(res, `${name}=; ${attributes}; SameSite=Strict; Max-Age=0`),
    memory(req) {
      const [state, nonce, verifier, more] = valueOf(req, memoryName)?.split('.') ?? [];
      return state && nonce && verifier && more === undefined ? { state, nonce, verifier } : undefined;
    },
    setMemory: (res, { state, nonce, verifier }) =>
      set(
        res,
        `${memoryName}=${state}.${nonce}.${verifier}; ${attributes}; SameSite=Lax; Max-Age=${memorySeconds}`,
      ),
    clearMemory: (res) => set(res, `${memoryName}=; ${attributes}; SameSite=Lax; Max-Age=0`),
  };
}

/** Undefined when it is there twice as well: nobody can tell which of them the browser means. */
function valueOf(req: IncomingMessage, name: string): string | undefined {
  const values = (req.headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  return values.length === 1 && values[0] !== '' ? values[0] : undefined;
}
