import { expect, test } from '@jest/globals';
import { storyOf } from '../../console/story.js';

const decided = {
  type: 'approval.decided',
  approval: 'apr_1',
  task: 'tsk_1',
  agent: 'a',
  by: 'operator:ann',
};

test.each([
  ['approve', 'pending', 'A person has approved', 'plain'],
  ['approve', 'approved', 'A person has approved', 'plain'],
  ['deny', 'denied', 'A person has denied it', 'bad'],
])('APR-06 the answer of a person (%s, then %s) is told as what it was', (decision, state, title, tone) => {
  expect(storyOf({ ...decided, decision, state })).toMatchObject({ title, tone });
});

test('AUD-02 what an approval gave less of stands beside what was asked for', () => {
  const { facts } = storyOf({
    type: 'lease.reserved',
    asked: { entry: 'reports', parameters: { prefix: 'reports/' }, ttlSeconds: 600 },
    ttlSeconds: 60,
    parameters: { prefix: 'reports/2026/' },
  });
  expect(Object.fromEntries(facts)).toMatchObject({
    with: '{"prefix":"reports/"}',
    for: '10 min 00 s',
    'granted for': '1 min 00 s',
    'granted only': '{"prefix":"reports/2026/"}',
  });
});
