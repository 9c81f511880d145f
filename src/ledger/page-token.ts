import { Fault } from '../kernel/fault.js';

/** Opaque to callers: they can only give it back. */
export const encodePageToken = (parts: readonly (string | number)[]): string =>
  Buffer.from(JSON.stringify(parts)).toString('base64url');

export function decodePageToken(token: string | undefined, length: number): string[] | undefined {
  if (token === undefined) return undefined;
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (
      Array.isArray(parts) &&
      parts.length === length &&
      parts.every((part) => /^[^\s]{0,300}$/.test(String(part)))
    )
      return parts.map(String);
  } catch {
    // falls through: a token that cannot be read is not one of ours
  }
  throw new Fault('request.malformed', 'The page token is not one that this API gave.', {
    errors: [{ pointer: '/page_token', detail: 'not a page token' }],
  });
}
