import { finished } from 'node:stream';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Session } from './session.js';
import { mcpServer } from './tools.js';

/**
 * Serves one MCP client on standard input and output, of the revision of 2026-07-28 or those of 2025. When the client
 * closes its end, what the session has is given back; `close` does the same from here.
 */
export function serveMcp(session: Session, version: string): { close(): Promise<void> } {
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= session.close());
  // Not when a server closes: one that was only asked what it is makes way for that of an older revision.
  finished(process.stdin, { writable: false }, () => void close().catch(() => {}));
  const handle = serveStdio(() => mcpServer(session, version));
  return {
    async close() {
      await handle.close();
      await close();
    },
  };
}
