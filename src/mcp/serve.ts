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
  const handle = serveStdio(() => {
    const server = mcpServer(session, version);
    server.server.onclose = () => void close().catch(() => {});
    return server;
  });
  return {
    async close() {
      await handle.close();
      await close();
    },
  };
}
