import type { Settings } from '../settings/load.js';

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;

/** `protem config check`: what sound settings hold; settings that are not sound have stopped the program before. */
export function describeConfig(file: string, settings: Settings): string {
  const holds = [
    count(settings.issuers.length, 'issuer'),
    count(settings.trustDomains.length, 'trust domain'),
    count(settings.providers.size, 'provider'),
    `${settings.catalog.size} in the catalog`,
    count(Object.keys(settings.hooks).length, 'hook'),
  ];
  return `${file} is sound: ${holds.join(', ')}\n`;
}
