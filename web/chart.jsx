// Line charts, in the colours of the page.
import 'uplot/dist/uPlot.min.css';

import {useLayoutEffect, useRef} from 'preact/hooks';
import uPlot from 'uplot';

const HEIGHT = 220; // pixels
const LINE_COLOURS = ['--accent', '--second', '--third', '--fourth'];

function options(element, {x, y, series, integerX}) {
  const colour = (name) => getComputedStyle(element).getPropertyValue(name).trim();
  const axis = (label) => ({
    label, stroke: colour('--ink'), grid: {stroke: colour('--grid'), width: 1}, ticks: {stroke: colour('--grid')},
  });
  const whole = {incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 100_000]};
  return {
    width: element.clientWidth, height: HEIGHT,
    scales: {x: {time: false}},
    axes: [{...axis(x), ...(integerX ? whole : {})}, axis(y)],
    series: [
      {label: x},
      ...series.map(({label}, i) => ({
        label, stroke: colour(LINE_COLOURS[i % LINE_COLOURS.length]), width: 2, points: {size: 5},
        value: (_, value) => (value === null || value === undefined ? '' : value.toFixed(4)),
      })),
    ],
  };
}

/**
 * A line chart.
 *
 * @param x, y the axes' labels, with units.
 * @param xs the x values of all points.
 * @param series a list of {label, values}; null where there is no value.
 * @param integerX whether x is a whole number, such as an epoch.
 */
export function LineChart({id, x, y, xs, series, integerX = true}) {
  const container = useRef(null);
  const chart = useRef(null);
  const data = [xs, ...series.map(({values}) => values)];
  const labels = series.map(({label}) => label).join();
  useLayoutEffect(() => {
    const element = container.current;
    const draw = () => {
      const shown = chart.current?.data ?? data;
      chart.current?.destroy();
      chart.current = new uPlot(options(element, {x, y, series, integerX}), shown, element);
    };
    draw();
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    const resized = new ResizeObserver(() => chart.current.setSize({width: element.clientWidth, height: HEIGHT}));
    scheme.addEventListener('change', draw);
    resized.observe(element);
    return () => {
      scheme.removeEventListener('change', draw);
      resized.disconnect();
      chart.current.destroy();
    };
  }, [x, y, labels]);
  useLayoutEffect(() => chart.current.setData(data), [xs, series]);
  const last = series.map(({label, values}) => `${label} ${Number(values.at(-1)).toFixed(3)}`).join(', ');
  return <div id={id} ref={container} class="chart" role="img" aria-label={`${y} against ${x}; last values: ${last}`} />;
}
