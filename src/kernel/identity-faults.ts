import type { FaultKind } from './fault-kind.js';

/** Why a caller is not believed, or may not do what it asks for. */
export const identityFaults = {
  'identity.unproven': {
    status: 401,
    title: 'The caller has not proven who it is',
    retry: false,
    remedy:
      'Send a valid, unexpired token for this broker as "Authorization: Bearer", or connect with an X509-SVID where those are taken. The audit log holds why it was refused.',
  },
  'identity.unavailable': {
    status: 503,
    title: 'The keys of an identity issuer cannot be read',
    retry: true,
    remedy: 'Retry; if it lasts, an operator should check that the broker reaches the issuer.',
  },
  'session.forged': {
    status: 403,
    title: 'The request was not made by the console itself',
    retry: false,
    remedy:
      'Use the console, or a bearer token. With a session, what changes something needs the origin of "console.url" and the header "Protem-CSRF".',
  },
  'dpop.missing': {
    status: 401,
    title: 'The token is bound to a key, and was shown without a proof of it',
    retry: false,
    remedy: 'Send it as "Authorization: DPoP" with a proof in the header "DPoP" (RFC 9449 section 7.1).',
  },
  'dpop.required': {
    status: 400,
    title: 'A proof of possession is required',
    retry: false,
    remedy:
      'Send the token as "Authorization: DPoP" with a proof in the header "DPoP"; where the issuer can, have the token bound to that key.',
  },
  'dpop.invalid': {
    status: 401,
    title: 'The proof of possession does not prove anything',
    retry: false,
    remedy: 'Make a new proof for each request: its method, its address, this token, the time of now.',
  },
  'dpop.nonce': {
    status: 401,
    title: 'The proof of possession needs another nonce',
    retry: false,
    remedy: 'Make a new proof with the nonce of the header "DPoP-Nonce", and repeat the request.',
  },
  'certificate.missing': {
    status: 401,
    title: 'The token is bound to a certificate that the connection did not show',
    retry: false,
    remedy: 'Connect with the client certificate that the token names in "cnf" (RFC 8705 section 3).',
  },
  'role.missing': {
    status: 403,
    title: 'This kind of caller may not do this',
    retry: false,
    remedy:
      'Use an identity with the role that the call needs; agents cannot act as operators, nor operators as agents.',
  },
  'identity.stale': {
    status: 401,
    title: 'A fresh proof of identity is needed',
    retry: false,
    remedy:
      'Get a token that is issued after the last step of the task, and after whatever ended the session, and ask again with it.',
  },
} as const satisfies Record<string, FaultKind>;
