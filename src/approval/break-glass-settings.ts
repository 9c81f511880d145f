import { z } from 'zod';
import { duration } from '../kernel/duration.js';

/** The section `breakGlass` of the settings. */
export const breakGlassSettings = z
  .strictObject({
    maximumTtl: duration
      .default(900)
      .describe('The longest credential that can be had in an emergency, whatever its entry allows.'),
  })
  .describe('Emergencies: what operators with the role "breakglass" take, where policy permits it.');
