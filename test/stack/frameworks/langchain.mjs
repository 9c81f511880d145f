// A real agent of LangChain, on its own fake model, with the middleware of examples/: the model calls one tool that
// needs a credential and one that needs none, and in a second run a tool that breaks.
import { AIMessage } from '@langchain/core/messages';
import { fakeModel } from '@langchain/core/testing';
import { createAgent, tool } from 'langchain';
import { z } from 'zod';
import { protemMiddleware, secretOfThisCall } from '../../../examples/langchain-middleware.mjs';
import { protem, tell, tried } from './sandbox.mjs';

const schema = z.object({});
const secrets = [];
const query = tool(
  async () => {
    secrets.push(secretOfThisCall());
    return `the database says ${await tried(secrets.at(-1))}`;
  },
  { name: 'query', description: 'Counts the rows.', schema },
);
const other = tool(() => `a secret: ${secretOfThisCall() !== undefined}`, {
  name: 'other',
  description: 'Needs nothing.',
  schema,
});
const broken = tool(
  () => {
    secrets.push(secretOfThisCall());
    throw new Error('the tool broke');
  },
  { name: 'broken', description: 'Breaks.', schema },
);
const need = { credential: 'reports-db', ttl: '5m' };

async function run(model) {
  return protem.withTask({ intent: 'count the rows', deadline: '10m' }, async (task) => {
    const middleware = [protemMiddleware(protem, task.id, { query: need, broken: need })];
    const agent = createAgent({ model, tools: [query, other, broken], middleware });
    tell({ task: task.id });
    return agent.invoke({ messages: [{ role: 'user', content: 'How many rows are there?' }] });
  });
}

const model = fakeModel()
  .respondWithTools([
    { name: 'query', args: {} },
    { name: 'other', args: {} },
  ])
  .respond(new AIMessage('done'));
const { messages } = await run(model);
tell({ answers: messages.filter((each) => each.type === 'tool').map(({ content }) => content) });
tell({ last: messages.at(-1).content, seen: JSON.stringify(model.calls) });
const failed = await run(fakeModel().respondWithTools([{ name: 'broken', args: {} }])).catch(
  (error) => error,
);
tell({ failed: String(failed.message), secrets });
