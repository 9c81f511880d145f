import { z } from 'zod';
import { duration } from '../../../kernel/duration.js';
import { Secret } from '../../../kernel/secret.js';

/** A secret of the settings: wrapped when it arrives, or wrapped here. */
const secret = z.union([
  z.instanceof(Secret<string>),
  z
    .string()
    .min(1)
    .transform((text) => new Secret(text)),
]);

/** A mount path: segments of letters, digits, `_`, `-` and `.`. */
const mount = z.string().regex(/^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/);

const role = z.string().min(1).describe('Role of the auth method that the broker logs in as.');

const auth = z
  .discriminatedUnion('method', [
    z.strictObject({
      method: z.literal('token').describe('By a token that somebody else made.'),
      token: secret.describe('A Vault token for the broker; it is renewed while it can be.'),
    }),
    z.strictObject({
      method: z.literal('approle').describe('By AppRole.'),
      mount: mount.default('approle').describe('Where the AppRole auth method is mounted.'),
      roleId: z.string().min(1).describe('RoleID of the AppRole.'),
      secretId: secret.optional().describe('SecretID of the AppRole; left out where the role binds none.'),
    }),
    z.strictObject({
      method: z.literal('jwt').describe('By a JWT in a file.'),
      mount: mount.default('jwt').describe('Where the JWT auth method is mounted.'),
      role,
      tokenFile: z.string().min(1).describe('File with the JWT of the broker, read again at every login.'),
    }),
    z.strictObject({
      method: z.literal('kubernetes').describe('By the service account of a pod.'),
      mount: mount.default('kubernetes').describe('Where the Kubernetes auth method is mounted.'),
      role,
      tokenFile: z
        .string()
        .min(1)
        .default('/var/run/secrets/kubernetes.io/serviceaccount/token')
        .describe('File with the service account token, read again at every login.'),
    }),
  ])
  .describe('How the broker itself logs in.');

export const settings = z.strictObject({
  address: z
    .url({ protocol: /^https?$/ })
    .transform((url) => url.replace(/\/+$/, ''))
    .describe('URL of Vault or OpenBao, for example "https://vault.example:8200".'),
  namespace: z.string().min(1).optional().describe('Namespace that everything happens in.'),
  auth,
  tokenRole: z
    .string()
    .regex(/^[\w-]+$/)
    .optional()
    .describe(
      'Token role that the tokens of leases are created with; it has to be orphan. Without it the broker needs sudo on auth/token/create-orphan.',
    ),
  maximumTtl: duration.default(2_764_800).describe('Longest lease, at most the max_lease_ttl of Vault.'),
  timeout: duration.default(5).describe('Longest wait for one call while issuing.'),
  revocationTimeout: duration
    .default(30)
    .describe('Longest wait for one call while revoking; the database behind Vault answers within it.'),
  connections: z.int().min(1).max(1024).default(64).describe('Connections kept open to Vault at most.'),
  caFile: z.string().min(1).optional().describe('PEM file of the authorities that signed the certificate.'),
});

export type VaultSettings = z.output<typeof settings>;
export type VaultAuth = VaultSettings['auth'];
