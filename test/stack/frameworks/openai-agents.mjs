// A real run of the OpenAI Agents SDK with the wrapper of examples/: its model answers with calls of two tools, of which
// policy refuses one its credential, and then with words.
import { Agent, Runner, tool, Usage } from '@openai/agents-core';
import { z } from 'zod';
import { followed, secretOfThisCall, withCredential } from '../../../examples/openai-agents.mjs';
import { protem, tell, tried } from './sandbox.mjs';

const called = (name, callId) => ({
  type: 'function_call',
  name,
  callId,
  status: 'completed',
  arguments: '{}',
});
const said = (text) => ({
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text }],
});
const turns = [[called('query', 'call_1'), called('pay', 'call_2')], [said('done')]];
const seen = [];
/** What stands for a model: the turns above, one after the other. */
const model = {
  getResponse: async ({ input }) => {
    seen.push(input);
    return { usage: new Usage(), output: turns.shift() };
  },
};

const secrets = [];
const toolOf = (name) =>
  tool({
    name,
    description: name,
    parameters: z.object({}),
    execute: async () => {
      secrets.push(secretOfThisCall());
      return `the database says ${await tried(secrets.at(-1))}`;
    },
  });

const lines = [];
const { finalOutput } = await protem.withTask({ intent: 'count the rows', deadline: '10m' }, async (task) => {
  tell({ task: task.id });
  const tools = [
    withCredential(protem, task.id, { credential: 'reports-db', ttl: '5m' }, toolOf('query')),
    withCredential(protem, task.id, { credential: 'payments-admin' }, toolOf('pay')),
  ];
  const runner = followed(new Runner({ tracingDisabled: true }), (line) => lines.push(line));
  return runner.run(new Agent({ name: 'counter', model, tools }), 'How many rows are there?');
});
const answers = seen[1].filter(({ type }) => type === 'function_call_result').map(({ output }) => output);
tell({ finalOutput, lines, answers, seen: JSON.stringify(seen), secrets });
