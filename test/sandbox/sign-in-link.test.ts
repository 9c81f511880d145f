import { expect, test } from '@jest/globals';
import { signInLinks } from '../../src/sandbox/sign-in-link.js';
import { fixedClock } from '../fake/fixed-clock.js';

const origin = 'http://127.0.0.1:8700';

function printing() {
  const clock = fixedClock(1_893_456_000_000);
  const printed: string[] = [];
  const say = (line: string) =>
    void printed.push(...[...line.matchAll(/once=([\w-]+)/g)].map(([, link = '']) => link));
  const links = signInLinks(origin, () => Promise.resolve('token of olga'), say, clock);
  return { clock, printed, links };
}

test('a printed link signs in once; opening it again prints another', async () => {
  const { clock, printed, links } = printing();
  links.print();
  expect(printed).toEqual([expect.stringMatching(/^[\w-]{43}$/)]);
  expect(await links.redeem(printed[0]!)).toBe('token of olga');
  clock.set(clock() + 10_000);
  expect(await links.redeem(printed[0]!)).toBeUndefined();
  expect(printed).toHaveLength(2);
  expect(printed[1]).not.toBe(printed[0]);
  expect(await links.redeem(printed[1]!)).toBe('token of olga');
});

test('it holds for a quarter of an hour', async () => {
  const { clock, printed, links } = printing();
  links.print();
  clock.set(clock() + 900_000);
  expect(await links.redeem(printed[0]!)).toBeUndefined();
});

test('whoever guesses fills neither the terminal nor finds a link', async () => {
  const { printed, links } = printing();
  for (let i = 0; i < 100; i++) expect(await links.redeem(`guess-${i}`)).toBeUndefined();
  expect(printed).toHaveLength(1);
});
