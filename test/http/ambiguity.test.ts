import { expect, test } from '@jest/globals';
import { agentToken } from '../fake/pretend-broker.js';
import { expectProblem, rawProblem, serving } from './serving.js';

// A request that two readers would read in two ways is refused: what stands before the broker may have looked at the
// one, and the broker would act on the other.

test.each([
  ['at the top', '{"intent":"x","deadline":"1h","deadline":"20h"}'],
  ['within', '{"intent":"x","deadline":"1h","labels":{"team":"a","team":"b"}}'],
  ['in a list', '{"intent":"x","deadline":"1h","tools":[{"a":1,"a":2}]}'],
  ['in another spelling', '{"intent":"x","deadline":"1h","d\\u0065adline":"20h"}'],
  ['with blanks', '{"intent":"x","deadline":"1h","deadline"\n\t :"20h"}'],
])('a name that stands twice in an object is refused: %s', async (_where, body) => {
  const { call, broker } = await serving();
  const answer = await call('POST', '/v1/tasks', { body });
  expect(expectProblem(answer, 'request.malformed').detail).toContain('twice');
  expect(broker.tasks.size).toBe(0);
});

test.each([
  ['the same name in two objects', { labels: { intent: 'y', deadline: '20h' } }],
  ['text that looks like names', { intent: '{"a":1,"a":2} \\" "b": "b" : \\\\' }],
  ['a name that ends in a backslash', { labels: { 'a\\': '":"', '"': 'b', '":': 'c' } }],
])('and one that does not is taken: %s', async (_what, over) => {
  const { call } = await serving();
  const body = JSON.stringify({ intent: 'x', deadline: '1h', ...over });
  expect((await call('POST', '/v1/tasks', { body })).status).toBe(201);
});

test.each(['Host: a.example\r\nHost: b.example', 'Host: x\r\nhost: x'])(
  'RFC 9112 section 3.2: more than one Host is refused (%j)',
  async (hosts) => {
    const { connection, broker } = await serving();
    const { socket, closed } = await connection();
    socket.write(
      `GET /v1/tasks HTTP/1.1\r\n${hosts}\r\nAuthorization: Bearer ${agentToken}\r\nConnection: close\r\n\r\n`,
    );
    expect(rawProblem(await closed).problem.code).toBe('request.malformed');
    expect(broker.calls).toEqual([]);
  },
);
