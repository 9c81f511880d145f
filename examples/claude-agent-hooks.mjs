// Claude Agent SDK: hooks that lend a credential to the shell commands of a session, and end the task with it.
//
//   const protem = new ProtemClient({ url, token });                       // from 'protem/sdk'
//   const task = await protem.openTask({ intent, deadline: '2h' });
//   const hooks = protemHooks(protem, task.id, { Bash: { credential: 'reports-db', ttl: '10m' } });
//   for await (const message of query({ prompt, options: { hooks } })) ...
//
// `Stop` fires after each turn, so it is not the end of anything; SessionEnd is. When the process dies before it, the
// task ends at its deadline. The SDK's licence is not an open one, so it is not installed here: the hooks are written
// and tested by its published shapes (0.3).

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const quoted = (text) => `'${String(text).replaceAll("'", String.raw`'\''`)}'`;

/** The secret in a file that only this user can read; the model sees the name of the file at most. */
function written(secret) {
  const file = join(mkdtempSync(join(tmpdir(), 'lease-')), 'env');
  const lines = Object.entries(secret).map(
    ([name, value]) => `export CREDENTIAL_${name.toUpperCase()}=${quoted(value)}`,
  );
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return file;
}

const answer = (decision, more) => ({
  hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: decision, ...more },
});

/** `needs`: by name of tool, what is asked of the catalog. */
export function protemHooks(protem, task, needs) {
  const lent = new Map();
  const giveBack = async (id) => {
    const { lease, file } = lent.get(id) ?? {};
    lent.delete(id);
    if (file) rmSync(dirname(file), { recursive: true, force: true });
    await lease?.[Symbol.asyncDispose]();
    return {};
  };
  const before = async ({ tool_name: tool, tool_input: input }, id, { signal }) => {
    const need = needs[tool];
    if (!need) return {};
    try {
      const lease = await protem.acquire({ ...need, task, tool }, { signal });
      const file = written(lease.secret.reveal());
      lent.set(id, { lease, file });
      const updatedInput = { ...input, command: `. ${quoted(file)}\n${input.command}` };
      return answer('allow', { updatedInput });
    } catch (error) {
      // Without an answer of the broker nothing runs.
      return answer('deny', {
        permissionDecisionReason: error.detail ? `${error.detail} ${error.remedy}` : 'failed',
      });
    }
  };
  const after = (_input, id) => giveBack(id);
  const end = async () => {
    await Promise.all([...lent.keys()].map(giveBack));
    await protem.endTask(task);
    return {};
  };
  const matching = Object.keys(needs).join('|');
  return {
    PreToolUse: [{ matcher: matching, hooks: [before] }],
    PostToolUse: [{ matcher: matching, hooks: [after] }],
    PostToolUseFailure: [{ matcher: matching, hooks: [after] }],
    SessionEnd: [{ hooks: [end] }],
  };
}
