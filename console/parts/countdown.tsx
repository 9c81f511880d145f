import { useComputed } from '@preact/signals';
import { span } from '../span.js';
import { moment, now } from '../time.js';

/** How long until then, and when that is. Only its text changes from second to second. */
export function Countdown({ at }: { at: string }) {
  const left = useComputed(() => {
    const ms = Date.parse(at) - now.value;
    return ms > 0 ? `in ${span(Math.max(1000, ms))}` : `${span(Math.max(1000, -ms))} ago`;
  });
  return (
    <time dateTime={at}>
      <span class="left">{left}</span> <span class="quiet">{moment(at)}</span>
    </time>
  );
}
