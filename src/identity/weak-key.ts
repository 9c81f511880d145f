/**
 * Primes by which a modulus of Infineon's flawed RSA library gives itself away (CVE-2017-15361, "The Return of
 * Coppersmith's Attack", section 2): its primes are powers of 65537 modulo each of these.
 */
const tellingPrimes = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
  109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];
const generator = 65_537;

const powersModulo = (prime: number): ReadonlySet<number> => {
  const powers = new Set<number>();
  for (let power = 1; !powers.has(power); power = (power * generator) % prime) powers.add(power);
  return powers;
};
const fingerprint = tellingPrimes.map((prime) => ({ prime: BigInt(prime), powers: powersModulo(prime) }));

/**
 * Whether the private half of an RSA key can be computed from the public one because a flawed chip made it (ROCA). A
 * sound modulus is taken for one once in 2^27.
 */
export function isFactorable({ kty, n }: { readonly kty?: unknown; readonly n?: unknown }): boolean {
  if (kty !== 'RSA' || typeof n !== 'string' || n === '') return false;
  const modulus = BigInt(`0x${Buffer.from(n, 'base64url').toString('hex')}`);
  return fingerprint.every(({ prime, powers }) => powers.has(Number(modulus % prime)));
}
