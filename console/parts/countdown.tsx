import { useComputed } from '@preact/signals';
import { span } from '../span.js';
import { now } from '../time.js';
import { Moment } from './moment.jsx';

/** How long until then, and when that is. Only its text changes from second to second. */
export function Countdown({ at }: { at: string }) {
  const left = useComputed(() => {
    const ms = Date.parse(at) - now.value;
    return ms > 0 ? `in ${span(Math.max(1000, ms))}` : `${span(Math.max(1000, -ms))} ago`;
  });
  return (
    <>
      <span class="left">{left}</span>{' '}
      <span class="quiet">
        <Moment at={at} />
      </span>
    </>
  );
}
