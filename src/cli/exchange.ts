import { readFile } from 'node:fs/promises';
import { request as plain } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Fetch } from '../sdk/call.js';
import { ProtemFault } from '../sdk/protem-fault.js';

/** Files of PEM that the environment names: whom to believe besides the usual authorities, and what to show for oneself. */
const files = {
  ca: 'PROTEM_CA_FILE',
  cert: 'PROTEM_CERTIFICATE_FILE',
  key: 'PROTEM_PRIVATE_KEY_FILE',
} as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether requests show a certificate, which says as well as a token who asks. */
export const showsCertificate = (environment: Environment): boolean =>
  (environment[files.cert] ?? '') !== '' && (environment[files.key] ?? '') !== '';

/**
 * What the client needs of `fetch`, by Node's own HTTP client: loading the one behind `fetch` takes longer than all
 * else that a verb does. A redirect is an error, so that a token goes nowhere else. Certificates are read anew for each
 * request: an SVID is replaced every half hour.
 */
export const exchangeBy =
  (environment: Environment): Fetch =>
  async (url, { method = 'GET', headers, body, signal }) => {
    const isSecure = url.startsWith('https:');
    const request = isSecure ? (await import('node:https')).request : plain;
    const secured = isSecure ? await certificatesIn(environment) : {};
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const own = { method, headers: headers as Record<string, string>, ...(signal && { signal }) };
      const sent = request(url, { ...own, ...secured }, resolve).on('error', reject);
      sent.end(typeof body === 'string' ? body : undefined);
    });
    const status = response.statusCode ?? 0;
    if (status >= 300 && status < 400) {
      response.destroy();
      throw new Error('The answer is a redirect.');
    }
    return {
      ok: status >= 200 && status < 300,
      status,
      headers: { get: (name) => response.headers[name.toLowerCase()]?.toString() ?? null },
      text: () => text(response),
    };
  };

const unusable = (detail: string): ProtemFault =>
  new ProtemFault({
    code: 'client.insecure',
    status: 0,
    detail,
    remedy: 'Check what the environment names, and that it may be read.',
    retry: false,
  });

/** @throws ProtemFault for a file that cannot be read, or half of a pair */
async function certificatesIn(environment: Environment): Promise<Record<string, string | string[]>> {
  const read: Record<string, string | string[]> = {};
  for (const [option, name] of Object.entries(files)) {
    const file = environment[name] ?? '';
    if (file === '') continue;
    read[option] = await readFile(file, 'utf8').catch((error: unknown) => {
      throw unusable(`${name}: ${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
    });
  }
  const { ca } = read;
  if (typeof ca === 'string' && !ca.includes('-----BEGIN'))
    throw unusable(`${files.ca}: ${environment[files.ca]} holds no certificate.`);
  if ((read['cert'] === undefined) !== (read['key'] === undefined))
    throw unusable(`${files.cert} and ${files.key} go together: set both, or neither.`);
  if (typeof ca === 'string') {
    const { rootCertificates } = await import('node:tls');
    read['ca'] = [...rootCertificates, ca];
  }
  return read;
}
