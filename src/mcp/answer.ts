import type { CallToolResult, inputRequired } from '@modelcontextprotocol/server';
import { ProtemFault } from '../sdk/index.js';

export const told = (content: Record<string, unknown>): CallToolResult => ({
  content: [{ type: 'text', text: JSON.stringify(content) }],
  structuredContent: content,
});

/** What a tool answers, or what the client is to show its person first. */
export type Answer = CallToolResult | ReturnType<typeof inputRequired>;

/** A refusal is something the model can act on, so it is a result, not an error of the protocol. */
export async function answering(answer: () => Promise<Answer>): Promise<Answer> {
  try {
    return await answer();
  } catch (error) {
    const refusal = error instanceof ProtemFault ? error : undefined;
    const problem = {
      code: refusal?.code ?? 'internal',
      detail: refusal?.detail ?? 'The server could not do this.',
      remedy: refusal?.remedy ?? 'Retry; whoever runs this server has its log.',
      policies: refusal?.policies ?? [],
      errors: refusal?.errors ?? [],
      retryAfterSeconds: refusal?.retryAfterSeconds,
    };
    return { content: [{ type: 'text', text: JSON.stringify(problem) }], isError: true };
  }
}
