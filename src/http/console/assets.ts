import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Request, Response } from 'express';

/** The built pages, in memory: a handful of files. */
export interface Assets {
  readonly page: Asset;
  /** By name; each name holds the hash of its content. */
  readonly files: ReadonlyMap<string, Asset>;
}

interface Asset {
  readonly mediaType: string;
  readonly body: Buffer;
  readonly gzipped: Buffer;
}

const mediaTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Undefined when the pages were not built. */
export function readAssets(directory: string): Assets | undefined {
  if (!existsSync(join(directory, 'index.html'))) return undefined;
  const read = (file: string): Asset => {
    const body = readFileSync(join(directory, file));
    const mediaType = mediaTypes[extname(file)] ?? 'application/octet-stream';
    return { mediaType, body, gzipped: gzipSync(body, { level: 9 }) };
  };
  const names = readdirSync(join(directory, 'assets'));
  return {
    page: read('index.html'),
    files: new Map(names.map((name) => [name, read(join('assets', name))])),
  };
}

/** Nothing from elsewhere, nothing inline, nobody's frame; text can become neither markup nor script. */
const contentSecurityPolicy = [
  "default-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

export function sendAsset(req: Request, res: Response, asset: Asset, immutable: boolean): void {
  res.setHeader('Content-Security-Policy', contentSecurityPolicy);
  res.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  res.setHeader('Content-Type', asset.mediaType);
  res.setHeader('Vary', 'Accept-Encoding');
  if (immutable) res.setHeader('Cache-Control', 'public, max-age=31536000, immutable');
  const zipped = /\bgzip\b/.test(req.headers['accept-encoding'] ?? '');
  if (zipped) res.setHeader('Content-Encoding', 'gzip');
  const body = zipped ? asset.gzipped : asset.body;
  res.setHeader('Content-Length', body.length);
  res.end(req.method === 'HEAD' ? undefined : body);
}
