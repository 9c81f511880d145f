import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { InFlight } from '../../src/http/in-flight.js';

const response = () => new ServerResponse(new IncomingMessage(new Socket()));

test('holds what was added and not deleted since, in whatever order, and deletes nothing twice', () => {
  const all = Array.from({ length: 8 }, response);
  const step = fc.record({ which: fc.nat(all.length - 1), adds: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const kept = new InFlight();
      const model = new Set<ServerResponse>();
      for (const { which, adds } of steps) {
        const res = all[which]!;
        if (!adds) kept.delete(res);
        else if (!model.has(res)) kept.add(res);
        if (adds) model.add(res);
        else model.delete(res);
      }
      const is = new Set(kept);
      const same =
        kept.size === model.size && is.size === model.size && [...model].every((res) => is.has(res));
      for (const res of kept) kept.delete(res);
      return same && kept.size === 0;
    }),
  );
});

test('one is deleted while they are looked through: the others are all seen', () => {
  const kept = new InFlight();
  const all = Array.from({ length: 3 }, response);
  for (const res of all) kept.add(res);
  const seen: ServerResponse[] = [];
  for (const res of kept) {
    seen.push(res);
    kept.delete(res);
  }
  expect(seen).toEqual(all);
});
