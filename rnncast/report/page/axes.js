// How a chart is drawn by uPlot: its scales, its axes, its lines and bands.

const FONT = "12px system-ui, sans-serif";
const FAR = 2; // beyond its lines, in their own height, a chart does not reach, however wide a band
const FEW = 12; // values of x that are each labelled

// The scale of y: all of the lines that are shown, and of the bands what is not too far from them.
function reach(spec, shown, from, to) {
  const at = (values, pick, start) => {
    for (let i = from; i <= to; i++) if (values[i] != null) start = pick(start, values[i]);
    return start;
  };
  let low = Infinity,
    high = -Infinity;
  spec.lines.forEach((line, i) => {
    if (!shown[i]) return;
    low = at(line.y, Math.min, low);
    high = at(line.y, Math.max, high);
  });
  if (low > high) return [0, 1];
  const far = FAR * (high - low) || Math.abs(high) || 1;
  for (const band of shown[spec.banded] ? spec.bands : []) {
    low = Math.max(low - far, at(band.low, Math.min, low));
    high = Math.min(high + far, at(band.high, Math.max, high));
  }
  const around = (high - low) * 0.05 || Math.abs(high) * 0.1 || 1;
  return [low >= 0 && low < around ? 0 : low - around, high + around];
}

// A date and its time of day, which stand below each other.
function folded(label) {
  return label.split(/[ T](?=\d)/);
}

function across(spec, axis) {
  const found = {
    label: spec.x,
    labelSize: 16,
    labelFont: FONT,
    space: () => spec.widest * 7 + 18,
    incrs: spec.incrs,
  };
  if (spec.label)
    found.values = (u, splits) => splits.map((x) => (Number.isInteger(x) ? folded(spec.label(x)).join("\n") : ""));
  if (spec.log === "xy") Object.assign(found, { splits: decades, values: (u, splits) => splits.map(tick) });
  else if (spec.at.length <= FEW) found.splits = spec.at;
  return axis(spec.folds ? 58 : 44, found);
}

function upward(spec, axis) {
  const found = { values: (u, splits) => splits.map((y) => (y == null ? "" : tick(y) + spec.unit)) };
  if (spec.log) found.splits = decades;
  const longest = (values) => Math.max(1, ...(values || []).map((each) => String(each).length));
  return axis((u, values) => 14 + 7 * longest(values), found);
}

function options(spec, state, width) {
  const axis = (size, more) => ({
    stroke: colour("axis"),
    grid: { stroke: colour("grid"), width: 1 },
    ticks: { stroke: colour("grid"), width: 1, size: 5 },
    font: FONT,
    size,
    ...more,
  });
  const series = [{}];
  for (const band of spec.bands)
    series.push(
      { stroke: "transparent", width: 0, points: { show: false } },
      { stroke: "transparent", width: 0, points: { show: false } },
    );
  spec.lines.forEach((line, i) =>
    series.push({
      show: state.shown[i],
      stroke: colour(line.role),
      width: line.role === "history" || line.role === "c0" ? 2 : 1.5,
      dash: DASHES[line.role],
      points:
        spec.points && line.role !== "ideal"
          ? { show: true, size: 6, fill: colour(line.role) }
          : { size: 5, fill: colour(line.role) },
    }),
  );
  const shade = colour("c0");
  const fill = (i) =>
    shade +
    Math.round(255 * opacity(i, spec.bands.length))
      .toString(16)
      .padStart(2, "0");
  return {
    width,
    height: Math.round(Math.max(230, Math.min(spec.bands.length ? 420 : 320, width * 0.42))),
    legend: { show: false },
    scales: {
      x: {
        time: false,
        distr: spec.log === "xy" ? 3 : 1,
        range: (u, low, high) => (low === high ? [low - 1, high + 1] : [low, high]),
      },
      y: spec.log
        ? { distr: 3 }
        : { range: (u) => reach(spec, state.shown, ...(u.series[0].idxs || [0, spec.at.length - 1])) },
    },
    axes: [across(spec, axis), upward(spec, axis)],
    series,
    bands: spec.bands.map((band, i) => ({
      series: [2 * i + 2, 2 * i + 1],
      fill: state.shown[spec.banded] ? fill(i) : "transparent",
    })),
    cursor: { y: false, drag: { x: true, y: false }, points: { size: 8 } },
    hooks: {
      draw: [
        (u) => {
          const { ctx, bbox } = u;
          ctx.save();
          ctx.strokeStyle = colour("axis");
          ctx.setLineDash([2, 4]);
          for (const mark of spec.marks) {
            const x = Math.round(u.valToPos(mark, "x", true));
            if (x < bbox.left || x > bbox.left + bbox.width) continue;
            ctx.beginPath();
            ctx.moveTo(x, bbox.top);
            ctx.lineTo(x, bbox.top + bbox.height);
            ctx.stroke();
          }
          ctx.restore();
        },
      ],
      setCursor: [(u) => state.pointed(u.cursor.idx)],
      setScale: [(u, key) => key === "x" && state.zoomed()],
    },
  };
}

// The labels of a logarithmic scale: powers of ten, and where these are few, twice and five times them.
function decades(u, axis, low, high) {
  const parts = Math.log10(high / low) < 3 ? [1, 2, 5] : [1],
    found = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++)
    for (const n of parts) if (n * 10 ** power >= low && n * 10 ** power <= high) found.push(n * 10 ** power);
  return found.length > 12 ? found.filter((each, i) => i % Math.ceil(found.length / 12) === 0) : found;
}
