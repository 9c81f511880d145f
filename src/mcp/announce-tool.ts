import type { McpServer, ServerContext } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { present } from '../kernel/present.js';
import { obligations } from '../wire/obligation.js';
import { answering, told } from './answer.js';
import type { Answer } from './answer.js';
import { approvalLink, linkFor, linkOf } from './approval-link.js';
import type { Session, ToolCall } from './session.js';

/** Steps: policy at each action, with the chain of tools so far. What is permitted is only told; the host makes the call. */
export function addAnnounceTool(server: McpServer, session: Session): void {
  server.registerTool(
    'announce_tool_call',
    {
      title: 'Announce a tool call',
      description:
        'Whether a tool may be called now, in this task, after the tools that it has used so far. Anything but "permit" means no; with "ask" a person has to approve first: announce the same call again with the approval. A permitted call is part of what later requests are decided by.',
      inputSchema: z.strictObject({
        tool: z.string().describe('Name of the tool that is about to be called.'),
        target: z.string().optional().describe('What it is to be called on, in words.'),
        dataClass: z.string().optional().describe('The class of data that it is to touch.'),
        reason: z.string().optional().describe('Why, in words; kept in the audit log.'),
        approval: z.string().optional().describe('Id of the approval that a person has given.'),
      }),
      outputSchema: z.object({
        decision: z.enum(['permit', 'ask', 'deny']),
        policies: z.array(z.string()).describe('The policies that decided.'),
        obligations: obligations.optional(),
        fault: z.string().optional().describe('Code of what stands against it.'),
        detail: z.string().optional(),
        remedy: z.string().optional(),
        approval: approvalLink.optional(),
      }),
      annotations: { readOnlyHint: false, destructiveHint: false },
    },
    (call, context) => answering(() => announce(server, session, call, context)),
  );
}

async function announce(
  server: McpServer,
  session: Session,
  call: ToolCall,
  context: ServerContext,
): Promise<Answer> {
  const { step, approval: asked } = await session.announce(call);
  const { decision, policies, obligations, fault, detail, remedy } = step;
  const answer = present({ decision, policies, obligations, fault, detail, remedy });
  if (asked === undefined) return told(answer);
  return linkFor(server, context, asked, 'tool call') ?? told({ ...answer, approval: linkOf(asked) });
}
