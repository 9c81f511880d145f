import { z } from 'zod';

const file = z.string().min(1).max(4096);

export const tlsSettings = z
  .strictObject({
    certificateFile: file.describe(
      'PEM of the certificate, and of those that lead to its authority behind it.',
    ),
    privateKeyFile: file.describe('PEM of its private key.'),
    minimumVersion: z
      .enum(['TLSv1.2', 'TLSv1.3'])
      .default('TLSv1.2')
      .describe('The oldest version that is spoken.'),
    askForCertificates: z
      .boolean()
      .default(false)
      .describe(
        'Asks callers for a certificate where no trust domain takes X509-SVIDs as well: for tokens that are bound to one (RFC 8705).',
      ),
  })
  .describe(
    'Speaks TLS itself: then every address begins with https://. Both files are read again when they change. Without this section a proxy in front has to.',
  );

export type TlsSettings = z.output<typeof tlsSettings>;
