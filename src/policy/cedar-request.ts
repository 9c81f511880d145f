import type { Ask } from './decision.js';

const entity = (type: string, id: string) => ({ type: `Protem::${type}`, id });

const tagged = (
  uid: { type: string; id: string },
  attrs: Attributes,
  tags: Readonly<Record<string, string>> = {},
) => ({
  uid,
  attrs,
  parents: [],
  tags,
});

type Attributes = Record<string, string | number | boolean | string[]>;

const asText = (values: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));

/**
 * The request in Cedar's JSON. There is nothing unique in it, no task id and no time, so that equal requests are equal
 * text and can be answered from memory. Agents' words stay strings: no `__entity` of theirs can be read as one, because
 * whole strings are all that is ever put in.
 */
export function cedarRequest(ask: Ask, approved: boolean) {
  const { principal, task, entry, parameters, asserted } = ask;
  const agent = entity('Agent', principal.id);
  const resource = entity('CatalogEntry', entry.name);
  const taskUid = entity('Task', 'this');
  const parametersUid = entity('Parameters', 'these');
  return {
    principal: agent,
    action: entity('Action', 'issue'),
    resource,
    context: {
      verified: {
        ttlSeconds: ask.ttlSeconds,
        approved,
        toolDeclared: task.tools === undefined || (ask.tool !== undefined && task.tools.includes(ask.tool)),
        task: { __entity: taskUid },
        parameters: { __entity: parametersUid },
      },
      asserted: { tool: ask.tool ?? '', reason: asserted.reason ?? '' },
    },
    entities: [
      tagged(agent, { issuer: principal.issuer }, asText(principal.claims)),
      tagged(
        taskUid,
        {
          intent: task.intent,
          openedBy: task.openedBy,
          onBehalfOf: task.onBehalfOf ?? '',
          tools: [...(task.tools ?? [])],
        },
        task.labels,
      ),
      tagged(parametersUid, {}, asText(parameters)),
      tagged(resource, {
        provider: entry.provider,
        sensitivity: entry.sensitivity,
        environment: entry.environment,
        riskTier: entry.riskTier,
      }),
    ],
  };
}

/** Everything of the ask that the request depends on, as text: the same text is the same decision. */
export function memoKey({ principal, task, entry, parameters, ttlSeconds, tool, asserted }: Ask): string {
  const { intent, openedBy, onBehalfOf, tools, labels } = task;
  return JSON.stringify([
    principal.id,
    principal.issuer,
    principal.claims,
    intent,
    openedBy,
    onBehalfOf,
    tools,
    labels,
    entry.name,
    parameters,
    ttlSeconds,
    tool,
    asserted.reason,
  ]);
}
