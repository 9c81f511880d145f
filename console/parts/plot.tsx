import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';

export interface Series {
  readonly label: string;
  /** Name of a colour of the style sheet, such as `--line-1`. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
  readonly dashed?: boolean;
}

/** Lines over time. What it shows is said in words beside it, so it is a picture and no more. */
export function Plot(props: {
  readonly title: string;
  readonly summary: string;
  readonly from: number;
  readonly stepMs: number;
  readonly series: readonly Series[];
  readonly unit: (value: number) => string;
}) {
  const { from, stepMs, series, unit } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const times = Array.from({ length: series[0]?.values.length ?? 0 }, (_, i) => (from + i * stepMs) / 1000);
  const data = [times, ...series.map(({ values }) => [...values])] as uPlot.AlignedData;

  useEffect(() => {
    const element = place.current!;
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsFor(element, series, unit), data, element);
    };
    draw();
    const resized = new ResizeObserver(() =>
      plot.current?.setSize({ width: element.clientWidth, height: plotHeight }),
    );
    resized.observe(element);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', draw);
    return () => {
      scheme.removeEventListener('change', draw);
      resized.disconnect();
      plot.current?.destroy();
    };
  }, []);
  useEffect(() => plot.current?.setData(data), [from, JSON.stringify(data)]);

  return (
    <figure class="plot">
      <figcaption>
        <strong>{props.title}</strong> <span class="quiet">{props.summary}</span>
        <span class="legend" aria-hidden="true">
          {series.map(({ label, colour, dashed }) => (
            <span key={label}>
              <i class={`key key${colour.slice(2)} ${dashed ? 'dashed' : ''}`} /> {label}
            </span>
          ))}
        </span>
      </figcaption>
      <div ref={place} aria-hidden="true" class="canvas" />
    </figure>
  );
}

const plotHeight = 150;

function optionsFor(
  element: HTMLElement,
  series: readonly Series[],
  unit: (value: number) => string,
): uPlot.Options {
  const style = getComputedStyle(element);
  const ink = style.color;
  const colour = (name: string) => resolved(element, name);
  const font = `11px ${style.fontFamily}`;
  const grid = { stroke: colour('--hairline'), width: 1 };
  return {
    width: element.clientWidth || 300,
    height: plotHeight,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 8, 0, 0],
    scales: { y: { range: (_, low, high) => [Math.min(0, low), Math.max(1, high * 1.1)] } },
    axes: [
      { stroke: ink, font, grid: { show: false }, ticks: grid, size: 24, space: 70 },
      {
        stroke: ink,
        font,
        grid,
        ticks: { show: false },
        size: 56,
        space: 34,
        values: (_, ticks) => ticks.map(unit),
      },
    ],
    series: [
      {},
      ...series.map((one) => ({
        stroke: colour(one.colour),
        width: 1.75,
        spanGaps: false,
        points: { show: one.values.some((value) => value === null), size: 4 },
        ...(one.dashed && { dash: [5, 4] }),
      })),
    ],
  };
}

/** A canvas knows no custom properties and no light-dark(): the browser is asked for the colour itself. */
function resolved(element: HTMLElement, name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
