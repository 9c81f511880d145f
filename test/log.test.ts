import { expect, test } from '@jest/globals';
import { describeError } from '../src/log.js';

test('I9 an error is logged with its words and its causes, and without what hangs on it', () => {
  const refused = Object.assign(new Error('WRONGPASS'), { code: 'EAUTH', command: { args: ['hunter2'] } });
  const described = describeError(new Error('Redis does not answer', { cause: refused }));
  expect(described).toMatchObject({
    type: 'Error',
    message: 'Redis does not answer',
    cause: { message: 'WRONGPASS', code: 'EAUTH' },
  });
  expect(JSON.stringify(described)).not.toContain('hunter2');
  expect(describeError({ password: 'hunter2' })).toBe('object');
});

test('causes that go round in a circle come to an end', () => {
  const error = new Error('round');
  error.cause = error;
  expect(JSON.stringify(describeError(error)).length).toBeLessThan(10_000);
});
