import { constants, createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Server, TlsOptions } from 'node:tls';
import type { TlsSettings } from '../http/tls-settings.js';
import type { Log } from '../http/log.js';

const lookEveryMs = 10_000;

/** Until when the API can be believed by its certificate (ms epoch). Throws where the files are no pair, or are not there. */
export function tlsEndsAt({ certificateFile, privateKeyFile }: TlsSettings): number {
  const certificate = new X509Certificate(readFileSync(certificateFile));
  if (!certificate.checkPrivateKey(createPrivateKey(readFileSync(privateKeyFile))))
    throw new Error('the certificate and the private key are no pair');
  return Date.parse(certificate.validTo);
}

export interface TlsFiles {
  readonly options: TlsOptions;
  /** Takes what the files hold whenever that changes; files that are no pair leave everything as it is. */
  follow(server: Pick<Server, 'setSecureContext'>, log: Pick<Log, 'info' | 'warn'>): () => Promise<void>;
}

/** What the API secures its connections with. Throws where a file is not there. */
export function openTlsFiles(
  { certificateFile, privateKeyFile, minimumVersion, askForCertificates }: TlsSettings,
  everyMs = lookEveryMs,
): TlsFiles {
  const { SSL_OP_NO_RENEGOTIATION, SSL_OP_NO_TICKET } = constants;
  const read = () => ({
    cert: readFileSync(certificateFile, 'utf8'),
    key: readFileSync(privateKeyFile, 'utf8'),
    minVersion: minimumVersion,
    // Whose a certificate is, is looked at where its request is: here it has only to be the caller's own.
    requestCert: askForCertificates,
    rejectUnauthorized: false,
    // Whoever a connection is from stays the same for as long as it lasts, and one that is taken up again would come
    // without the certificates between the caller's own and its authority.
    secureOptions: SSL_OP_NO_RENEGOTIATION | (askForCertificates ? SSL_OP_NO_TICKET : 0),
  });
  let taken = read();
  return {
    options: taken,
    follow(server, log) {
      let said = '';
      const timer = setInterval(() => {
        try {
          const next = read();
          if (next.cert === taken.cert && next.key === taken.key) return;
          server.setSecureContext(next);
          taken = next;
          said = '';
          log.info({ certificateFile }, 'the certificate of the API was taken anew');
        } catch (error) {
          const problem = error instanceof Error ? error.message : String(error);
          if (problem !== said) log.warn({ err: error }, 'the certificate of the API cannot be taken anew');
          said = problem;
        }
      }, everyMs).unref();
      return () => Promise.resolve(clearInterval(timer));
    },
  };
}
