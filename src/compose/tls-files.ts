import { constants, createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { Server, TlsOptions } from 'node:tls';
import type { Log } from '../http/log.js';
import type { TlsSettings } from '../http/tls-settings.js';

const lookEveryMs = 10_000;

export interface TlsFiles {
  readonly options: TlsOptions;
  /** Takes what the files hold whenever that changes; files that are no pair leave everything as it is. */
  follow(server: Pick<Server, 'setSecureContext'>, log: Pick<Log, 'info' | 'warn'>): () => Promise<void>;
}

/** What the API secures its connections with. Throws where the files are no pair, or are not there. */
export function openTlsFiles(settings: TlsSettings, everyMs = lookEveryMs): TlsFiles {
  let taken = optionsOf(settings, readPair(settings));
  return {
    options: taken,
    follow(server, log) {
      let said = '';
      const look = () => {
        try {
          const pair = readPair(settings);
          if (pair.cert === taken.cert && pair.key === taken.key) return;
          if (pair.endsAt <= Date.now()) throw new Error(`the certificate ended at ${isoOf(pair)}`);
          const next = optionsOf(settings, pair);
          server.setSecureContext(next);
          taken = next;
          said = '';
          log.info({ endsAt: isoOf(pair) }, 'the certificate of the API was taken anew');
        } catch (error) {
          const problem = messageOf(error);
          if (problem !== said) log.warn({ problem }, 'the certificate of the API cannot be taken anew');
          said = problem;
        }
      };
      const timer = setInterval(look, everyMs).unref();
      return () => Promise.resolve(clearInterval(timer));
    },
  };
}

/** Until when the API can be believed by its certificate (ms epoch). Throws where the files are no pair, or are not there. */
export const tlsEndsAt = (settings: TlsSettings): number => readPair(settings).endsAt;

interface Pair {
  readonly cert: string;
  readonly key: string;
  readonly endsAt: number;
}

function readPair({ certificateFile, privateKeyFile }: TlsSettings): Pair {
  const [cert, own] = readAs('certificateFile', certificateFile, (text) => new X509Certificate(text));
  const [key, privateKey] = readAs('privateKeyFile', privateKeyFile, (text) => createPrivateKey(text));
  if (!own.checkPrivateKey(privateKey))
    throw new Error('listen.tls: the certificate and the private key are no pair');
  // What stands behind the first certificate has to be one as well.
  readAs('certificateFile', certificateFile, () => createSecureContext({ cert, key }));
  return { cert, key, endsAt: Date.parse(own.validTo) };
}

/** Errors name the setting, and never what the file holds. */
function readAs<Value>(name: string, file: string, as: (text: string) => Value): [string, Value] {
  try {
    const text = readFileSync(file, 'utf8');
    return [text, as(text)];
  } catch (error) {
    throw new Error(`listen.tls.${name}: ${resolve(file)} cannot be used: ${messageOf(error)}`);
  }
}

const isoOf = ({ endsAt }: Pair) => new Date(endsAt).toISOString();

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

const { SSL_OP_NO_RENEGOTIATION, SSL_OP_NO_TICKET } = constants;

const optionsOf = ({ minimumVersion, askForCertificates }: TlsSettings, { cert, key }: Pair) => ({
  cert,
  key,
  minVersion: minimumVersion,
  // Whose a certificate is, is looked at where its request is: here it has only to be the caller's own.
  requestCert: askForCertificates,
  rejectUnauthorized: false,
  // Whoever a connection is from stays the same for as long as it lasts, and one that is taken up again would come
  // without the certificates between the caller's own and its authority.
  secureOptions: SSL_OP_NO_RENEGOTIATION | (askForCertificates ? SSL_OP_NO_TICKET : 0),
});
