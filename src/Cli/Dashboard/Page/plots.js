'use strict';
// Plots of the rollout: what each shows, and one uPlot each that is fed anew. Colours are those of the page, light or dark.
const plots = (() => {
  const HEIGHT = 190;
  // A share of fewer requests says nothing, and one failure among them would set the scale of the axis.
  const FEWEST = 20;
  // Seconds that an axis shows at least.
  const SHORTEST = 20;
  // Pixels in which a time would touch the other axis.
  const EDGE = 16;
  const drawn = new Map();
  let seen = null;
  // light-dark() is resolved where it is used: a custom property keeps it as text.
  const probe = document.createElement('span');
  const resolved = name => { probe.style.color = `var(${name})`; return getComputedStyle(probe).color; };
  const percent = (part, of) => of >= FEWEST ? 100 * part / of : null;
  // How values are written: those of the axis are round.
  const UNITS = {
    percent: { axis: v => `${v}%`, value: v => `${v.toFixed(1)}%` },
    seconds: { axis: v => short(v), value: v => short(v) },
    tokens: { axis: v => String(v), value: v => v.toFixed(0) },
  };
  const short = seconds => seconds < 1 ? `${Number((1000 * seconds).toPrecision(3))} ms` : `${Number(seconds.toPrecision(3))} s`;
  const two = number => String(number).padStart(2, '0');
  const TESTS = {
    'live/errors': ['errors', '--test-1'],
    'live/ttft': ['time to first token', '--test-2'],
    'live/timePerOutputToken': ['time per output token', '--test-3'],
    'live/outputTokens': ['output tokens', '--test-4'],
    'live/cost': ['cost', '--test-5'],
    'live/blocked': ['blocked answers', '--test-6'],
    'live/feedback': ['feedback', '--test-7'],
  };

  function clock(seconds, exact) {
    const at = new Date(seconds * 1000);
    return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}${exact ? `:${two(at.getUTCSeconds())}` : ''}`;
  }

  const failures = points => ({
    series: [{ label: 'stable', colour: '--stable' }, { label: 'candidate', colour: '--candidate' }],
    data: ['stable', 'candidate'].map(track => points.map(p => percent(p[track].errors, p[track].requests))),
    top: 2,
    unit: 'percent',
  });

  // What the answers of the last minutes were like: median and 95th percentile of both tracks.
  const quantiles = (points, what, unit, top) => {
    const lines = ['stable', 'candidate'].flatMap(track => ['p50', 'p95'].map(quantile => ({ track, quantile })));
    return {
      series: lines.map(({ track, quantile }) => ({ label: `${track} ${quantile}`, colour: `--${track}`, dash: quantile === 'p95' ? [6, 4] : undefined })),
      data: lines.map(({ track, quantile }) => points.map(p => { const q = p[track].recent?.[what]; return q && q.answers >= FEWEST ? q[quantile] : null; })),
      top,
      unit,
    };
  };

  // The candidate is reverted where the line of all tests together reaches 100 %. Below nothing there is nothing against it.
  const tests = points => {
    const names = Object.keys(TESTS).filter(name => points.some(p => p.tests.some(t => t.name === name)));
    const reached = (logE, logThreshold) => Math.max(0, 100 * logE / logThreshold);
    return {
      series: [...names.map(name => ({ label: TESTS[name][0], colour: TESTS[name][1], width: 1.5 })), { label: 'together', colour: '--text', width: 2.5 }, { label: 'reverts', colour: '--bad', dash: [6, 4], width: 1.5 }],
      data: [...names.map(name => points.map(p => { const t = p.tests.find(t => t.name === name); return t ? reached(t.logE, t.logThreshold) : null; })), points.map(p => reached(p.logE, p.logThreshold)), points.map(() => 100)],
      top: 110,
      unit: 'percent',
      // Far above what reverts, no number says more, and the threshold must stay in sight.
      most: 200,
    };
  };

  const weights = points => ({
    series: [{ label: 'candidate', colour: '--candidate', fill: '--shade', paths: uPlot.paths.stepped({ align: 1 }) }],
    data: [points.map(p => p.weight)],
    top: 100,
    unit: 'percent',
  });

  function draw(id, points, plot) {
    const element = document.getElementById(id), names = plot.series.map(s => s.label).join();
    const data = [points.map(p => Date.parse(p.time) / 1000), ...plot.data], isCounted = plot.data.some(d => d.some(v => v !== null));
    element.parentElement.hidden = !isCounted;
    if (!isCounted)
      return;
    const before = drawn.get(id);
    if (before?.names === names) {
      before.plot.setData(data);
      return;
    }
    before?.plot.destroy();
    const axis = { stroke: () => resolved('--dim'), grid: { stroke: () => resolved('--grid'), width: 1 }, ticks: { show: false }, font: '12px system-ui, "DejaVu Sans", sans-serif' };
    // Without a pointer on it, the legend tells the last values.
    const last = u => { if (!(u.cursor.left >= 0)) u.setLegend({ idx: u.data[0].length - 1 }, false); };
    drawn.set(id, {
      names,
      plot: new uPlot({
        width: element.clientWidth || 320,
        height: HEIGHT,
        tzDate: seconds => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
        cursor: { points: { size: 6 }, drag: { x: false, y: false } },
        padding: [8, 28, 0, 0],
        scales: { x: { range: (u, low, high) => [Math.min(low, high - SHORTEST), high] }, y: { range: (u, low, high) => [0, Math.min(plot.most ?? Infinity, Math.max(plot.top, (high ?? 0) * 1.15))] } },
        axes: [{ ...axis, size: 30, space: 70, values: (u, values, index, space, step) => values.map(v => u.valToPos(v, 'x') < EDGE ? null : clock(v, step < 60)) }, { ...axis, size: plot.unit === 'seconds' ? 62 : 48, space: 36, values: (u, values) => values.map(UNITS[plot.unit].axis) }],
        series: [
          { label: 'at', value: (u, v) => v == null ? '–' : clock(v, true) },
          ...plot.series.map(s => ({ label: s.label, stroke: () => resolved(s.colour), fill: s.fill && (() => resolved(s.fill)), width: s.width ?? 2, dash: s.dash, paths: s.paths, points: { show: u => u.data[0].length < 3, size: 5 }, value: (u, v) => v == null ? '–' : UNITS[plot.unit].value(v) })),
        ],
        legend: { markers: { width: 0, fill: (u, i) => i ? resolved(plot.series[i - 1].colour) : null } },
        hooks: { setCursor: [last], setData: [last], ready: [last] },
      }, data, element),
    });
  }

  function resize() {
    for (const [id, { plot }] of drawn)
      plot.setSize({ width: document.getElementById(id).clientWidth || 320, height: HEIGHT });
  }

  document.addEventListener('DOMContentLoaded', () => {
    probe.hidden = true;
    document.body.append(probe);
  });
  addEventListener('resize', resize);
  // A plot keeps the colours that it was made with.
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    clear();
    if (seen)
      show(seen);
  });

  function show(points) {
    seen = points;
    draw('plot-tests', points, tests(points));
    draw('plot-weight', points, weights(points));
    draw('plot-errors', points, failures(points));
    draw('plot-ttft', points, quantiles(points, 'ttft', 'seconds', 0.01));
    draw('plot-pace', points, quantiles(points, 'timePerOutputToken', 'seconds', 0.001));
    draw('plot-length', points, quantiles(points, 'outputTokens', 'tokens', 10));
  }

  function clear() {
    for (const { plot } of drawn.values())
      plot.destroy();
    drawn.clear();
  }

  return {
    nameOf: test => TESTS[test]?.[0] ?? test,
    show,
    clear() {
      seen = null;
      clear();
    },
  };
})();
