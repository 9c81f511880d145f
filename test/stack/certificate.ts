import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from './program.js';

export const opensslProgram = () => findProgram('openssl');

export interface Certificate {
  readonly authorityFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** An authority of our own, and a certificate for loopback from it, that last a day. */
export function makeCertificate(directory: string): Certificate {
  const openssl = (...parameters: string[]) => {
    const { status, stderr } = spawnSync(opensslProgram()!, parameters, { cwd: directory, encoding: 'utf8' });
    if (status !== 0) throw new Error(`openssl ${parameters[0]}: ${stderr}`);
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const authority = ['-subj', '/CN=authority of the test', '-days', '1'];
  openssl('req', '-x509', ...newKey, ...authority, '-keyout', 'ca.key', '-out', 'ca.pem');
  openssl('req', ...newKey, '-subj', '/CN=redis', '-keyout', 'redis.key', '-out', 'redis.csr');
  writeFileSync(join(directory, 'names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  const from = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names'];
  openssl('x509', '-req', '-in', 'redis.csr', ...from, '-days', '1', '-out', 'redis.pem');
  return {
    authorityFile: join(directory, 'ca.pem'),
    certificateFile: join(directory, 'redis.pem'),
    keyFile: join(directory, 'redis.key'),
  };
}

/** redis-server parameters: this certificate, and no port without it. */
export const tlsParameters = (certificate: Certificate, port: number): string[] => [
  ...['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no', '--tls-replication', 'yes'],
  ...['--tls-cert-file', certificate.certificateFile, '--tls-key-file', certificate.keyFile],
  ...['--tls-ca-cert-file', certificate.authorityFile],
];

export const tlsReach = (certificate: Certificate): string[] => [
  '--tls',
  '--cacert',
  certificate.authorityFile,
];
