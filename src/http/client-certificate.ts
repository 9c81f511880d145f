import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { longestChain } from '../identity/x509/shown-chain.js';
import type { ShownChain } from '../identity/x509/shown-chain.js';

const known = new WeakMap<TLSSocket, ShownChain | undefined>();

/**
 * What the connection of a request has shown in TLS; undefined where it showed nothing. Nobody has looked yet whose it is:
 * only that whoever is there has its key. It stays the same for as long as the connection lasts.
 */
export function shownCertificates(socket: Socket): ShownChain | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  if (!known.has(socket)) known.set(socket, chainOf(socket.getPeerX509Certificate()));
  return known.get(socket);
}

function chainOf(own: X509Certificate | undefined): ShownChain | undefined {
  if (!own) return undefined;
  const chain: [Uint8Array, ...Uint8Array[]] = [own.raw];
  for (let one = own.issuerCertificate; one && chain.length <= longestChain; one = one.issuerCertificate)
    if (!chain.some((known) => one!.raw.equals(known))) chain.push(one.raw);
  return chain;
}
