import { expect, test } from '@jest/globals';
import { proofVerifier } from '../../../src/identity/dpop/verify-proof.js';
import type { ProofStanding, SeenProof } from '../../../src/identity/dpop/proof-store.js';
import { makeSigner } from '../signer.js';
import { athOf, proofOf } from './verifying.js';

const url = 'https://protem.example';
const signer = makeSigner('ES256', 'k');
const now = 1_767_225_600;

async function verified(nonce: string | undefined, standing: Partial<ProofStanding>, iat = now) {
  const seen: SeenProof[] = [];
  const given: string[] = [];
  const verify = proofVerifier(
    { maximumAgeSeconds: 60, nonceSeconds: 300, publicUrls: () => [url] },
    {
      see: (proof) => {
        seen.push(proof);
        return Promise.resolve({ nonceHolds: true, nonce: 'of-now', isFirst: true, ...standing });
      },
    },
    () => now * 1000,
  );
  const claims = { htm: 'GET', htu: `${url}/x`, iat, ath: athOf('a.b.c'), nonce };
  const outcome = await verify([proofOf(signer, claims)], {
    method: 'GET',
    path: '/x',
    token: 'a.b.c',
    giveNonce: (next) => given.push(next),
  }).catch((fault: unknown) => (fault as { reason: string }).reason);
  return { outcome, seen, given };
}

test('TOK-07 a proof with the nonce before is good, and is given that of now for the next', async () => {
  const { outcome, given } = await verified('of-before', {});
  expect(outcome).toMatch(/^.{43}$/);
  expect(given).toEqual(['of-now']);
  expect((await verified('of-now', {})).given).toEqual([]);
});

test('TOK-07 a proof without a nonce, or with an old one, is told apart in the log and given a nonce', async () => {
  expect(await verified(undefined, { nonceHolds: false })).toMatchObject({
    outcome: 'dpop.no_nonce',
    given: ['of-now'],
  });
  expect(await verified('old', { nonceHolds: false })).toMatchObject({
    outcome: 'dpop.old_nonce',
    given: ['of-now'],
  });
});

test('with a nonce the clock of the agent does not matter, and the proof is kept for as long as the nonce holds', async () => {
  const { outcome, seen } = await verified('of-now', {}, now - 86_400);
  expect(outcome).toMatch(/^.{43}$/);
  expect(seen).toEqual([expect.objectContaining({ keepMs: 600_000, nonce: 'of-now' })]);
});
