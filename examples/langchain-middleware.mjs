// LangChain (langchain 1.5): each tool call that needs a credential has a lease of its own, for as long as it runs.
//
//   const protem = new ProtemClient({ url, token });                       // from 'protem/sdk'
//   await protem.withTask({ intent, deadline: '30m' }, (task) =>
//     createAgent({ model, tools, middleware: [protemMiddleware(protem, task.id, needs)] }).invoke(input));
//
// `withTask` ends the task however the run ends, also by an error: there is no hook for that. A tool asks
// `secretOfThisCall()`; the model sees neither the secret nor that there is one.

import { AsyncLocalStorage } from 'node:async_hooks';

const calls = new AsyncLocalStorage();

/** The credential of the tool call that runs now. */
export const secretOfThisCall = () => calls.getStore()?.secret.reveal();

/** `needs`: by name of tool, what is asked of the catalog, such as { query: { credential: 'reports-db', ttl: '5m' } }. */
export const protemMiddleware = (protem, task, needs) => ({
  name: 'protem',
  wrapToolCall: (request, handler) => {
    const { name } = request.toolCall;
    const need = needs[name];
    if (!need) return handler(request);
    return protem.withLease({ ...need, task, tool: name }, (lease) =>
      calls.run(lease, () => handler(request)),
    );
  },
});
