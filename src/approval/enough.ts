import type { Demanded } from '../policy/decision.js';
import type { Answer, Demand } from './approval.js';

/** Whether those who approved are all that is demanded: in number, and for each policy that asked. */
export const isEnough = (
  { approvers, persons, each = [] }: Pick<Demand, 'approvers' | 'persons' | 'each'>,
  answers: readonly Answer[],
): boolean => [{ approvers, persons }, ...each].every((one) => counted(one, answers) >= one.persons);

const counted = ({ approvers }: Demanded, answers: readonly Answer[]): number =>
  answers.filter(({ is, roles }) => is === 'approve' && roles.some((role) => approvers.includes(role)))
    .length;
