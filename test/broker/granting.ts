export const opening = { intent: 'test', deadlineAt: Date.now() + 3_600_000, labels: {} };
export const request = (task: string, over: object = {}) => ({
  task,
  credential: 'pretend-entry',
  parameters: {},
  ...over,
});

export const until = async (holds: () => Promise<boolean>) => {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
};
