import type { Acquire, ProtemClient } from '../sdk/client.js';
import type { HeldLease, SecretValues } from '../sdk/held-lease.js';
import { ProtemFault } from '../sdk/protem-fault.js';
import { isAws } from './environment-of.js';

/** botocore asks again while less than 15 minutes are left; half a minute is for the way. */
const askedAgainMs = (15 * 60 + 30) * 1000;
const longMs = 30 * 60_000;
/** In a broker's absence what is in hand is still served, down to this. */
const lastMs = 30_000;

const carriesNoFurther = new Set([
  'lease.not_renewable',
  'lease.at_ceiling',
  'lease.not_active',
  'lease.unknown',
]);

/**
 * One AWS session for all who ask, kept as long as SDKs would keep it: one of half an hour or more until they would
 * ask for the next at every call, a shorter one for two thirds of its time. Then the lease is renewed, which is how
 * slices go on, or another is asked for.
 */
export class AwsSession {
  readonly #client: ProtemClient;
  readonly #ask: Acquire;
  readonly #now: () => number;
  #lease: HeldLease | undefined;
  #livesMs = 0;
  #fetching: Promise<SecretValues> | undefined;

  constructor(client: ProtemClient, ask: Acquire, now: () => number = Date.now) {
    this.#client = client;
    this.#ask = ask;
    this.#now = now;
  }

  /** The session to use now; asked for once, however many ask. @throws ProtemFault */
  current(): Promise<SecretValues> {
    this.#fetching ??= this.#fetch().finally(() => (this.#fetching = undefined));
    return this.#fetching;
  }

  async #fetch(): Promise<SecretValues> {
    const secret = this.#lease?.secret.reveal();
    if (!secret) return this.#acquire();
    const leftMs = endOf(secret) - this.#now();
    try {
      if (leftMs <= this.#soonMs()) return await this.#carryOn();
      await this.#checkTask();
      return secret;
    } catch (error) {
      // Away is not a refusal: what is in hand is as good as it was.
      if (error instanceof ProtemFault && error.retry && leftMs > lastMs) return secret;
      this.#lease = undefined;
      throw error;
    }
  }

  #soonMs(): number {
    return this.#livesMs >= longMs ? askedAgainMs : this.#livesMs / 3;
  }

  /** SDKs do not ask again when they are denied, so whoever asks anew is told that the task is over. */
  async #checkTask(): Promise<void> {
    const { state } = await this.#client.findTask(this.#ask.task);
    if (state !== 'open')
      throw new ProtemFault({
        code: 'task.ended',
        status: 403,
        detail: 'The task has ended; nothing more can be issued for it.',
        remedy: 'Open a new task for what is still to be done.',
        retry: false,
      });
  }

  async #carryOn(): Promise<SecretValues> {
    try {
      const before = endOf(this.#lease?.secret.reveal() ?? {});
      await this.#lease?.renew(this.#ask.ttl === undefined ? {} : { ttl: this.#ask.ttl });
      const secret = this.#lease?.secret.reveal() ?? {};
      if (endOf(secret) > before) return this.#keep(secret);
    } catch (error) {
      if (!(error instanceof ProtemFault) || !carriesNoFurther.has(error.code)) throw error;
    }
    return this.#acquire();
  }

  async #acquire(): Promise<SecretValues> {
    // The one before is not given back: SDKs may use it to its end. It ends with the task, or by itself.
    const lease = await this.#client.acquire(this.#ask);
    const secret = lease.secret.reveal();
    if (!isAws(secret)) {
      await lease[Symbol.asyncDispose]();
      throw new Error(`${this.#ask.credential} is not an entry of AWS.`);
    }
    this.#lease = lease;
    return this.#keep(secret);
  }

  #keep(secret: SecretValues): SecretValues {
    this.#livesMs = endOf(secret) - this.#now();
    return secret;
  }
}

const endOf = ({ Expiration }: SecretValues): number => Date.parse(String(Expiration));
