/** What the settings say of a tool. An agent's own words about a tool prove nothing. */
export interface Tool {
  /** What it does: read, write, or a word of the operator's own. */
  readonly kind: string;
  /** The class of data that it touches; `` where the settings name none. */
  readonly dataClass: string;
}

/** The tools that the tasks of a tree were permitted to use so far. It only grows; `count` goes up with each change. */
export interface ToolChain {
  /** How many steps were permitted. */
  readonly count: number;
  /** The latest of them, the last one at the end. */
  readonly last: readonly string[];
  /** Every tool, kind and class of data there was; a tool that the settings do not know has neither kind nor class. */
  readonly tools: readonly string[];
  readonly kinds: readonly string[];
  readonly dataClasses: readonly string[];
  /** When the last step of the task itself was recorded, in milliseconds since the epoch; 0 before the first. */
  readonly steppedAt: number;
}

export const emptyChain: ToolChain = {
  count: 0,
  last: [],
  tools: [],
  kinds: [],
  dataClasses: [],
  steppedAt: 0,
};

/** How many of the latest steps a chain names. */
const lastSteps = 16;
/** Each tool is remembered for good, so that no detour can make one look new, or forgotten: there is a bound to them. */
const mostTools = 64;

/** Undefined when the chain can hold no further tool. */
export function withStep(chain: ToolChain, name: string, tool: Tool | undefined): ToolChain | undefined {
  const tools = added(chain.tools, name);
  if (tools.length > mostTools) return undefined;
  return {
    count: chain.count + 1,
    last: [...chain.last, name].slice(-lastSteps),
    tools,
    kinds: added(chain.kinds, tool?.kind),
    dataClasses: added(chain.dataClasses, tool?.dataClass),
    steppedAt: chain.steppedAt,
  };
}

const added = (all: readonly string[], one: string | undefined): readonly string[] =>
  one === undefined || one === '' || all.includes(one) ? all : [...all, one].sort();
