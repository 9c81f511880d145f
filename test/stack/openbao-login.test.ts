import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { openVault } from '../../src/issuance/providers/vault/index.js';
import { settings } from '../../src/issuance/providers/vault/settings.js';
import { documentedPolicies, entryPolicies, orderOf } from '../issuance/providers/vault/stand-in-broker.js';
import { openbaoProgram, startOpenBao, type OpenBao } from './openbao.js';
import { canRun } from './program.js';

const bao = openbaoProgram();
const runs = canRun('logging in to OpenBao', { bao });
const policies = Object.keys(documentedPolicies());
const secretId = 'f3a1c9d2-the-secret-id-of-the-broker';

(runs ? describe : describe.skip)('logging in to OpenBao', () => {
  let openbao: OpenBao;
  let cluster: Server;
  const folder = mkdtempSync(join(tmpdir(), 'protem-login-'));
  const tokenFile = join(folder, 'token');

  beforeAll(async () => {
    openbao = await startOpenBao(bao!);
    for (const [name, policy] of Object.entries({ ...documentedPolicies(), ...entryPolicies }))
      await openbao.write(`sys/policies/acl/${name}`, { policy });
    await openbao.write('secret/data/app', { data: { password: 'kv-two-password' } });
  }, 60_000);
  afterAll(async () => {
    await openbao?.close();
    cluster?.close();
    cluster?.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Issues and revokes one token, which shows that the login gave the broker what it needs. */
  async function serves(auth: Record<string, unknown>): Promise<void> {
    const provider = openVault('openbao', settings.parse({ address: openbao.url, auth }));
    try {
      await provider.check();
      const order = orderOf({ policies: ['config'], deliver: 'token' });
      let handle = provider.plan(order);
      const { secret } = await provider.issue(order, handle, async (better) => void (handle = better));
      const token = String(secret.reveal()['token']);
      expect((await openbao.ask('secret/data/app', undefined, token)).status).toBe(200);
      expect(await provider.revoke(handle)).toEqual({ is: 'revoked' });
      expect((await openbao.ask('secret/data/app', undefined, token)).status).toBe(403);
    } finally {
      await provider.close();
    }
  }

  test('the broker logs in by AppRole', async () => {
    await openbao.write('sys/auth/approle', { type: 'approle' });
    await openbao.write('auth/approle/role/protem', { token_policies: policies, token_ttl: '20m' });
    await openbao.write('auth/approle/role/protem/custom-secret-id', { secret_id: secretId });
    const role = await openbao.read('auth/approle/role/protem/role-id');
    const { role_id } = role['data'] as { role_id: string };
    await serves({ method: 'approle', roleId: role_id, secretId });

    const wrong = openVault(
      'openbao',
      settings.parse({
        address: openbao.url,
        auth: { method: 'approle', roleId: role_id, secretId: 'another-secret-id' },
      }),
    );
    await expect(wrong.check()).rejects.toMatchObject({ code: 'provider.refused' });
    await wrong.close();
  });

  test('the broker logs in by JWT, with the file as it is at that moment', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const sign = (audience: string) =>
      new SignJWT({ sub: 'protem' })
        .setProtectedHeader({ alg: 'ES256' })
        .setIssuer('https://issuer.test')
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime('5m')
        .sign(privateKey);
    await openbao.write('sys/auth/jwt', { type: 'jwt' });
    await openbao.write('auth/jwt/config', {
      jwt_validation_pubkeys: [await exportSPKI(publicKey)],
      bound_issuer: 'https://issuer.test',
    });
    await openbao.write('auth/jwt/role/protem', {
      role_type: 'jwt',
      user_claim: 'sub',
      bound_audiences: ['openbao'],
      token_policies: policies,
      token_ttl: '20m',
    });
    const auth = { method: 'jwt', role: 'protem', tokenFile };
    const provider = openVault('openbao', settings.parse({ address: openbao.url, auth }));
    writeFileSync(tokenFile, `${await sign('someone else')}\n`);
    await expect(provider.check()).rejects.toMatchObject({ code: 'provider.refused' });
    writeFileSync(tokenFile, `${await sign('openbao')}\n`);
    await provider.check();
    await provider.close();
    await serves(auth);
  });

  /** OpenBao and its Kubernetes method are real; the cluster is only the TokenReview that they ask for. */
  test('the broker logs in by Kubernetes, before a cluster that reviews tokens', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    const account = await new SignJWT({
      iss: 'kubernetes/serviceaccount',
      sub: 'system:serviceaccount:protem:broker',
      'kubernetes.io/serviceaccount/namespace': 'protem',
      'kubernetes.io/serviceaccount/service-account.name': 'broker',
      'kubernetes.io/serviceaccount/service-account.uid': '0001',
      'kubernetes.io/serviceaccount/secret.name': 'broker-token',
    })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuedAt()
      .setNotBefore('0s')
      .setExpirationTime('5m')
      .sign(privateKey);
    cluster = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => {
        const { spec } = JSON.parse(text) as { spec: { token: string } };
        const authenticated = spec.token === account && request.url?.endsWith('/tokenreviews');
        response.writeHead(201, { 'content-type': 'application/json' }).end(
          JSON.stringify({
            apiVersion: 'authentication.k8s.io/v1',
            kind: 'TokenReview',
            status: authenticated
              ? { authenticated, user: { username: 'system:serviceaccount:protem:broker', uid: '0001' } }
              : { authenticated: false },
          }),
        );
      });
    });
    await new Promise<void>((resolve) => cluster.listen(0, '127.0.0.1', resolve));
    // The method wants an authority, though the review goes over plain HTTP here; OpenBao makes one.
    await openbao.write('sys/mounts/pki', { type: 'pki' });
    const authority = await openbao.write('pki/root/generate/internal', {
      common_name: 'cluster',
      ttl: '1h',
    });
    await openbao.write('sys/auth/kubernetes', { type: 'kubernetes' });
    await openbao.write('auth/kubernetes/config', {
      kubernetes_host: `http://127.0.0.1:${(cluster.address() as AddressInfo).port}`,
      kubernetes_ca_cert: (authority['data'] as { certificate: string }).certificate,
      disable_local_ca_jwt: true,
      token_reviewer_jwt: account,
    });
    await openbao.write('auth/kubernetes/role/protem', {
      bound_service_account_names: ['broker'],
      bound_service_account_namespaces: ['protem'],
      token_policies: policies,
      token_ttl: '20m',
    });
    writeFileSync(tokenFile, account);
    await serves({ method: 'kubernetes', role: 'protem', tokenFile });
  });

  test('a token that was revoked under the broker is replaced by a new login', async () => {
    const role = await openbao.read('auth/approle/role/protem/role-id');
    const { role_id } = role['data'] as { role_id: string };
    let now = Date.now();
    const provider = openVault(
      'openbao',
      settings.parse({ address: openbao.url, auth: { method: 'approle', roleId: role_id, secretId } }),
      { clock: () => now, readText: async () => '', later: () => () => {} },
    );
    await provider.check();
    await openbao.write('sys/leases/revoke-prefix/auth/approle/login', { sync: true });
    now += 60_000;
    await provider.check();
    await provider.close();
  });

  test('inside a namespace the broker sees and touches that namespace alone', async () => {
    await openbao.write('sys/namespaces/team-a', {});
    for (const [name, policy] of Object.entries({ ...documentedPolicies(), ...entryPolicies }))
      await openbao.write(`sys/policies/acl/${name}`, { policy }, 'team-a');
    await openbao.write('sys/mounts/kv', { type: 'kv' }, 'team-a');
    await openbao.write('kv/app', { password: 'of-team-a' }, 'team-a');
    const made = await openbao.write('auth/token/create-orphan', { policies, ttl: '1h' }, 'team-a');
    const auth = { method: 'token', token: (made['auth'] as { client_token: string }).client_token };
    const open = (namespace: string) =>
      openVault('openbao', settings.parse({ address: openbao.url, auth, namespace }));
    const inside = open('team-a');
    await inside.check();
    const order = orderOf({ policies: ['config'], path: 'kv/app', static: true });
    let handle = inside.plan(order);
    const { secret } = await inside.issue(order, handle, async (better) => void (handle = better));
    expect(secret.reveal()).toEqual({ password: 'of-team-a' });
    expect(await inside.revoke(handle)).toEqual({ is: 'expires' });
    await inside.close();

    await openbao.write('sys/namespaces/team-b', {});
    const outside = open('team-b');
    await expect(outside.check()).rejects.toMatchObject({ code: 'provider.refused' });
    await outside.close();
  });
});

(runs ? describe : describe.skip)('OpenBao behind TLS', () => {
  test('is trusted by the authority in the settings, and by nothing in the environment', async () => {
    const openbao = await startOpenBao(bao!, { tls: true });
    process.env['VAULT_SKIP_VERIFY'] = 'true';
    const open = (more: object) =>
      openVault(
        'openbao',
        settings.parse({
          address: openbao.url,
          auth: { method: 'token', token: openbao.rootToken },
          ...more,
        }),
      );
    try {
      const trusting = open({ caFile: openbao.caFile });
      await trusting.check();
      await trusting.close();
      const blind = open({});
      await expect(blind.check()).rejects.toMatchObject({
        code: 'provider.unavailable',
        reason: expect.stringMatching(/UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED/),
      });
      await blind.close();
    } finally {
      delete process.env['VAULT_SKIP_VERIFY'];
      await openbao.close();
    }
  }, 60_000);
});
