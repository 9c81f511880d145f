import { showsCertificate } from './exchange.js';
import type { Terminal } from './terminal.js';

/** Thrown instead of an answer once the call has been printed: nothing was sent. */
export class Printed extends Error {}

const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** Prints the call as a curl command, with URL and token left as variables, and sends nothing. */
export function printingFetch(terminal: Terminal, url: string): typeof fetch {
  const base = url.replace(/\/+$/, '');
  return async (input, init = {}) => {
    const target = typeof input === 'string' ? input : input instanceof URL ? input.href : input.url;
    const headers = new Headers(init.headers);
    const parts = [`curl -sS${init.method === 'GET' ? '' : ` -X ${init.method}`}`];
    parts.push(`"$PROTEM_URL"${quoted(target.slice(base.length))}`);
    if (headers.has('authorization')) parts.push('-H "Authorization: Bearer $PROTEM_TOKEN"');
    if (showsCertificate(terminal.environment))
      parts.push('--cert "$PROTEM_CERTIFICATE_FILE" --key "$PROTEM_PRIVATE_KEY_FILE"');
    if (terminal.environment['PROTEM_CA_FILE']) parts.push('--cacert "$PROTEM_CA_FILE"');
    for (const name of ['content-type', 'idempotency-key'])
      if (headers.has(name)) parts.push(`-H ${quoted(`${name}: ${headers.get(name)}`)}`);
    if (typeof init.body === 'string') parts.push(`-d ${quoted(init.body)}`);
    terminal.out.write(`${parts.join(' \\\n  ')}\n`);
    throw new Printed();
  };
}
