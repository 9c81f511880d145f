import { isIPv6 } from 'node:net';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { Fault } from '../kernel/fault.js';
import type { Limits } from './limits.js';

/** Throws `request.rate_limited`, with the time to wait, when the peer or all peers together ask too often. */
export type RateGate = (peerAddress: string) => Promise<void>;

export function rateGate(limits: Pick<Limits, 'requestsPerSecond' | 'requestsPerSecondPerPeer'>): RateGate {
  const perPeer = new RateLimiterMemory({ points: limits.requestsPerSecondPerPeer, duration: 1 });
  const overall = new RateLimiterMemory({ points: limits.requestsPerSecond, duration: 1 });
  return async (peerAddress) => {
    try {
      // The peer first, so that what one is refused does not use up what all share.
      await perPeer.consume(peerOf(peerAddress));
      await overall.consume('all');
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      throw new Fault('request.rate_limited', 'More requests arrived than are taken in a second.', {
        retryAfterSeconds: Math.max(1, Math.ceil(refused.msBeforeNext / 1000)),
      });
    }
  };
}

/** The address, or the /64 of an IPv6 address: one host can use all of it. */
export function peerOf(address: string): string {
  if (!address.includes(':')) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.toLowerCase().split('%')[0]?.split('::') ?? [];
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros =
    tail === undefined ? [] : Array<string>(Math.max(0, 8 - first.length - last.length)).fill('0');
  return [...first, ...zeros, ...last]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
