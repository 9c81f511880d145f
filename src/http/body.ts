import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { Fault } from '../kernel/fault.js';
import { namesWritten } from '../kernel/names-written.js';

/** A caller that sends this much too much is cut off; up to here it is let finish, so that it reads the answer. */
const discardBytes = 8 * 1024 * 1024;

const tooLarge = (limitBytes: number) =>
  new Fault('request.too_large', `The body is larger than ${limitBytes} bytes.`);

/**
 * The body as it came. Compressed bodies are not taken: what a few bytes unpack to has no limit.
 * @throws Fault request.too_large, request.media_type; request.malformed when the caller broke off.
 */
export async function readBody(req: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const encoding = req.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw new Fault('request.media_type', 'A compressed body is not taken; send it as it is.');
  if (Number(req.headers['content-length'] ?? 0) > discardBytes) throw tooLarge(limitBytes);
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let bytes = 0;
    let settled = false;
    const brokenOff = () => {
      // Every request closes in the end, and making an error is not free.
      if (settled) return;
      settled = true;
      reject(new Fault('request.malformed', 'The body ended before it was complete.'));
    };
    if (req.destroyed) return brokenOff();
    req.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= limitBytes) chunks.push(chunk);
      else chunks = [];
      if (bytes > limitBytes + discardBytes) {
        req.pause();
        settled = true;
        reject(tooLarge(limitBytes));
      }
    });
    req.on('end', () => {
      settled = true;
      if (bytes > limitBytes) reject(tooLarge(limitBytes));
      else resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
    });
    req.on('error', brokenOff);
    req.on('close', brokenOff);
  });
}

const jsonMediaType = /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

/**
 * The bytes of a body that says it is JSON; none when there is no body.
 * @throws Fault as readBody; request.media_type.
 */
export async function readJsonBytes(req: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const body = await readBody(req, limitBytes);
  if (body.length > 0 && !jsonMediaType.test(req.headers['content-type'] ?? ''))
    throw new Fault('request.media_type', 'The content type of the body is not application/json.');
  return body;
}

/**
 * The body as a JSON value, or an empty object when there is no body.
 * @throws Fault as readJsonBytes; request.malformed.
 */
export const readJson = async (req: IncomingMessage, limitBytes: number): Promise<unknown> =>
  parseJson(await readJsonBytes(req, limitBytes));

/** Names that mean something to JavaScript or to the policy engine's JSON; nobody needs them as data. */
const forbiddenNames = new Set(['__proto__', 'constructor', 'prototype', '__entity', '__extn']);
const deepest = 8;
const mostMembers = 1024;

/** @throws Fault request.malformed */
export function parseJson(body: Buffer): unknown {
  if (body.length === 0) return {};
  if (!isUtf8(body)) throw new Fault('request.malformed', 'The body is not UTF-8.');
  const text = body.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Not kept as the cause: the message of the parser quotes the body.
    throw new Fault('request.malformed', 'The body is not JSON.');
  }
  let members = 0;
  let distinctNames = 0;
  const look = (at: unknown, depth: number): void => {
    if (typeof at === 'string') wellFormed(at);
    if (typeof at !== 'object' || at === null) return;
    if (depth > deepest) throw new Fault('request.malformed', `The body is nested deeper than ${deepest}.`);
    const names = Object.keys(at);
    members += names.length;
    if (!Array.isArray(at)) distinctNames += names.length;
    if (members > mostMembers)
      throw new Fault('request.malformed', `The body has more than ${mostMembers} members.`);
    for (const name of names) {
      wellFormed(name);
      if (forbiddenNames.has(name))
        throw new Fault('request.malformed', `"${name}" is not allowed as a name, at any depth.`);
      look((at as Record<string, unknown>)[name], depth + 1);
    }
  };
  look(value, 1);
  if (distinctNames !== namesWritten(text))
    throw new Fault('request.malformed', 'A name stands twice in one object of the body.');
  return value;
}

/** Half of a surrogate pair has no UTF-8 and no canonical JSON: it could be neither stored nor chained. */
function wellFormed(text: string): void {
  if (!text.isWellFormed()) throw new Fault('request.malformed', 'The body holds text that is not Unicode.');
}
