import { Fault } from '../kernel/fault.js';

/** Opaque to callers: they can only give it back. */
export const encodePageToken = (parts: readonly (string | number)[]): string =>
  Buffer.from(JSON.stringify(parts)).toString('base64url');

/** The parts of a token, each as it must look; what looks otherwise is not one of ours. */
export function decodePageToken(token: string | undefined, ...shapes: RegExp[]): string[] | undefined {
  if (token === undefined) return undefined;
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (
      Array.isArray(parts) &&
      parts.length === shapes.length &&
      shapes.every((shape, index) => shape.test(String(parts[index])))
    )
      return parts.map(String);
  } catch {
    // falls through: what cannot be read is not one of ours either
  }
  throw notOurs();
}

export const notOurs = (): Fault =>
  new Fault('request.malformed', 'The page token is not one that this API gave.', {
    errors: [{ pointer: '/page_token', detail: 'not a page token' }],
  });
