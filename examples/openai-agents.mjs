// OpenAI Agents SDK (@openai/agents 0.20): each call of a tool that needs a credential has a lease of its own.
//
//   const protem = new ProtemClient({ url, token });                       // from 'protem/sdk'
//   await protem.withTask({ intent, deadline: '30m' }, async (task) => {
//     const agent = new Agent({ name, tools: [withCredential(protem, task.id, { credential: 'reports-db' }, query)] });
//     const runner = followed(new Runner(), (line) => console.error(line));
//     return runner.run(agent, input);
//   });
//
// The hooks of a run are events: nobody waits for what they do, and none says that a run has failed. So the tool is
// wrapped, `withTask` ends the task however the run ends, and the hooks only tell.

import { AsyncLocalStorage } from 'node:async_hooks';

const calls = new AsyncLocalStorage();

/** The credential of the tool call that runs now. */
export const secretOfThisCall = () => calls.getStore()?.secret.reveal();

/** The tool, with a lease around each of its calls; a refusal is told to the model as the tool's answer. */
export const withCredential = (protem, task, need, tool) => ({
  ...tool,
  invoke: async (context, input, details) => {
    try {
      return await protem.withLease({ ...need, task, tool: tool.name }, (lease) =>
        calls.run(lease, () => tool.invoke(context, input, details)),
      );
    } catch (error) {
      if (error.name !== 'ProtemFault') throw error;
      return `Not allowed: ${error.detail} ${error.remedy}`;
    }
  },
});

/** Says which tool starts and ends in a run. */
export function followed(runner, say) {
  runner.on('agent_tool_start', (_context, _agent, { name }) => say(`${name} starts`));
  runner.on('agent_tool_end', (_context, _agent, { name }) => say(`${name} has ended`));
  return runner;
}
