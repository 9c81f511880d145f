import { z } from 'zod';
import { duration } from '../../kernel/duration.js';
import { Secret } from '../../kernel/secret.js';

const isLoopback = (host: string) => /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(host);

/** An origin: scheme, host and port. Cookies over plain http would be everybody's, but on this very machine. */
function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { origin, protocol, hostname } = new URL(text);
  return origin === text && (protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname)));
}

export const consoleSettings = z
  .strictObject({
    url: z
      .string()
      .refine(isOrigin, 'must be an origin such as "https://protem.example.com"; http only on loopback')
      .describe(
        'Where browsers reach this API, without a path: the console is at `/console/` there, and the identity provider ' +
          'sends them back to `/console/sign-in/callback`.',
      ),
    oidc: z
      .strictObject({
        issuer: z
          .string()
          .describe('One of `issuers`; its rules say who is an operator, and with which roles.'),
        clientId: z.string().min(1).max(512).describe('The client that is registered there for the console.'),
        clientSecret: z
          .instanceof(Secret)
          .optional()
          .describe('Its secret; without one it is a public client, kept by PKCE alone.'),
        scopes: z
          .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/))
          .refine((scopes) => scopes.includes('openid'), 'must have "openid"')
          .default(['openid'])
          .describe('What is asked for; some issuers put groups into the token only when asked.'),
      })
      .optional()
      .describe('How operators sign in: authorization code with PKCE. Without it there is no way in.'),
    idle: duration.default(1800).describe('A session that is not used for so long is over.'),
    longest: duration.default(28_800).describe('A session ends after so long, however much it is used.'),
  })
  .describe('The operator console. Without this section there is none.');
