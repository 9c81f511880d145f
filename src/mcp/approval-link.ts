import { CLIENT_CAPABILITIES_META_KEY, inputRequired } from '@modelcontextprotocol/server';
import type { ClientCapabilities, McpServer, ServerContext } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { PendingApproval } from '../sdk/index.js';

/** A question to a person, as the model is told of it. */
export const approvalLink = z.object({ id: z.string(), url: z.string(), expiresAt: z.string() });

export const linkOf = ({ id, url, expiresAt }: PendingApproval): z.output<typeof approvalLink> => ({
  id,
  url,
  expiresAt,
});

/**
 * Approval by a link that the client shows its person, as the specification has it for what is sensitive. Asked once: a
 * client that comes back without the approval, or that shows no links, gets undefined, and the model is told the link.
 */
export function linkFor(
  server: McpServer,
  { mcpReq }: ServerContext,
  { url }: PendingApproval,
  what: string,
): ReturnType<typeof inputRequired> | undefined {
  if (mcpReq.inputResponses !== undefined || !takesLinks(server, mcpReq.envelope)) return undefined;
  const message = `A person has to approve this ${what}.`;
  return inputRequired({ inputRequests: { approval: inputRequired.elicitUrl({ message, url }) } });
}

/** What the client has said it can do: with this request (2026-07-28), or at the beginning (2025). */
function takesLinks(server: McpServer, envelope: ServerContext['mcpReq']['envelope']): boolean {
  const ofRequest = (envelope as Readonly<Record<string, unknown>> | undefined)?.[
    CLIENT_CAPABILITIES_META_KEY
  ];
  const said = (ofRequest as ClientCapabilities | undefined) ?? server.server.getClientCapabilities();
  return said?.elicitation?.url !== undefined;
}
