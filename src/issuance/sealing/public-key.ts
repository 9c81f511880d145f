/** A public key that can be encrypted to, as a JWK (RFC 7517): checked for its shape, not yet for being a key. */
export type PublicKey = { readonly kid?: string | undefined } & (
  | { readonly kty: 'EC'; readonly crv: 'P-256' | 'P-384' | 'P-521'; readonly x: string; readonly y: string }
  | { readonly kty: 'OKP'; readonly crv: 'X25519'; readonly x: string }
  | { readonly kty: 'RSA'; readonly n: string; readonly e: 'AQAB' }
);
