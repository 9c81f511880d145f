import { McpServer } from '@modelcontextprotocol/server';
import type { ServerContext } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { LeaseShape } from '../wire/lease.js';
import { addAnnounceTool } from './announce-tool.js';
import { answering, told } from './answer.js';
import type { Answer } from './answer.js';
import { approvalLink, linkFor, linkOf } from './approval-link.js';
import type { Ask, Session } from './session.js';

const leaseId = z.string().describe('Id of a lease, "lse_…".');

const leaseFacts = z.object({
  id: z.string(),
  task: z.string(),
  credential: z.string(),
  state: z.string().describe('reserved, active, revoking, stuck, revoked or expired.'),
  effect: z.string().describe('What ending it really does at the provider.'),
  expiresAt: z.string(),
});

const delivery = z.object({
  file: z.string().describe('Where the secret is, for programs. Do not read it into the conversation.'),
  format: z.enum(['aws-credentials', 'json']),
  use: z.string().describe('Environment of the program that needs it.'),
});

const factsOf = ({ id, task, credential, state, revocation, expiresAt }: LeaseShape) => ({
  id,
  task,
  credential,
  state,
  effect: revocation.effect,
  expiresAt,
});

/** The tools of one session. None of their results has a place for a secret (ISS-04). */
export function mcpServer(session: Session, version: string): McpServer {
  const server = new McpServer(
    { name: 'protem', version },
    {
      capabilities: { tools: { listChanged: false } },
      instructions:
        'Credentials for one task, each for as long as it is needed. Announce a tool before you call it, and call it only where the decision is "permit". Ask for a credential right before a program needs it, hand the program the file, and release it when the program is done. Secrets are never shown here, and files with them are not to be read.',
    },
  );

  addAnnounceTool(server, session);

  server.registerTool(
    'request_credential',
    {
      title: 'Request a credential',
      description:
        'Asks for an entry of the catalog. The secret is put into a private file, and the answer says where; or a person has to approve first, and the answer has the link for them.',
      inputSchema: z.strictObject({
        credential: z.string().describe('Name of the catalog entry; see list_credentials.'),
        parameters: z.record(z.string(), z.unknown()).optional().describe('Values that narrow it.'),
        ttl: z.string().optional().describe('How long it should last, such as "15m".'),
        tool: z.string().optional().describe('The tool that is about to use it.'),
        reason: z.string().optional().describe('Why, in words; kept in the audit log.'),
        approval: z.string().optional().describe('Id of the approval that a person has given.'),
      }),
      outputSchema: z.object({
        status: z.enum(['issued', 'approval_pending']),
        lease: leaseFacts.optional(),
        delivery: delivery.optional(),
        approval: approvalLink.optional(),
      }),
      annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: true },
    },
    (ask, context) => answering(() => request(server, session, ask, context)),
  );

  server.registerTool(
    'lease_status',
    {
      title: 'See a lease',
      description: 'How a lease stands, and until when.',
      inputSchema: z.strictObject({ lease: leaseId }),
      outputSchema: z.object({ lease: leaseFacts }),
      annotations: { readOnlyHint: true },
    },
    ({ lease }) => answering(async () => told({ lease: factsOf(await session.status(lease)) })),
  );

  server.registerTool(
    'release_credential',
    {
      title: 'Release a credential',
      description: 'Gives a credential back: it is revoked at its provider, and its file is removed.',
      inputSchema: z.strictObject({ lease: leaseId, reason: z.string().optional() }),
      outputSchema: z.object({ lease: leaseFacts }),
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
    },
    ({ lease, reason }) =>
      answering(async () => told({ lease: factsOf(await session.release(lease, reason)) })),
  );

  server.registerTool(
    'list_leases',
    {
      title: 'List leases',
      description: 'The leases of this task.',
      inputSchema: z.strictObject({}),
      outputSchema: z.object({ leases: z.array(leaseFacts) }),
      annotations: { readOnlyHint: true },
    },
    () => answering(async () => told({ leases: (await session.leases()).map(factsOf) })),
  );

  server.registerTool(
    'list_credentials',
    {
      title: 'List what may be asked for',
      description: 'The catalog: names, what they are, and the parameters that narrow them.',
      inputSchema: z.strictObject({}),
      outputSchema: z.object({ entries: z.array(z.looseObject({ name: z.string() })) }),
      annotations: { readOnlyHint: true },
    },
    () => answering(async () => told({ entries: await session.catalog() })),
  );
  return server;
}

async function request(
  server: McpServer,
  session: Session,
  ask: Ask,
  context: ServerContext,
): Promise<Answer> {
  const outcome = await session.request(ask);
  if (outcome.is === 'issued')
    return told({ status: 'issued', lease: factsOf(outcome.lease), delivery: outcome.delivery });
  return (
    linkFor(server, context, outcome.approval, 'credential') ??
    told({ status: 'approval_pending', approval: linkOf(outcome.approval) })
  );
}
