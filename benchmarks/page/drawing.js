// Drawing: a chart's specification gets data, the size of its place, and the colours of light or dark.

const isDark = () => {
  const theme = document.documentElement.dataset.theme;
  return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};
const styleOf = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const colourAt = place => data.colours[place % data.colours.length][isDark() ? 1 : 0];
const DASHES = [[1, 0], [7, 3], [2, 2], [9, 3, 2, 3]];
const SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down"];

/** A method has the same colour, dash and shape in every chart. */
function styleOfMethod(method) {
  const place = Math.max(0, methodNames.indexOf(method)), turn = Math.floor(place / data.colours.length);
  return { colour: colourAt(place), dash: DASHES[turn % DASHES.length], shape: SHAPES[(place + turn) % SHAPES.length] };
}

function configuration() {
  const [ink, dim, grid] = ["--ink", "--dim", "--grid"].map(styleOf);
  const axis = {
    labelColor: ink, titleColor: ink, gridColor: grid, domainColor: dim, tickColor: dim, labelFontSize: 12,
    titleFontSize: 12, titleFontWeight: "normal",
  };
  return {
    background: "transparent", font: "system-ui, sans-serif", view: { stroke: null }, axis,
    text: { color: ink }, rule: { color: dim }, line: { color: ink }, point: { color: ink },
  };
}

/** Heights of labels that do not overlap, from wanted ones in pixels; they keep their order. */
function spread(wanted, distance, top) {
  const order = wanted.map((_, nth) => nth).sort((a, b) => wanted[a] - wanted[b]);
  const placed = [];
  order.forEach((nth, rank) => { placed[nth] = rank ? Math.max(wanted[nth], placed[order[rank - 1]] + distance) : wanted[nth]; });
  let limit = top;
  for (const nth of [...order].reverse()) {
    placed[nth] = Math.min(placed[nth], limit);
    limit = placed[nth] - distance;
  }
  return placed;
}

function ends(values, pad = 0.04) {
  const known = values.filter(Number.isFinite);
  if (!known.length) return [0, 1];
  const low = Math.min(...known), high = Math.max(...known), room = pad * (high - low) || 0.5;
  return [low - room, high + room];
}

const drawn = new Map();

/** Draw a chart into the element of its name; `limits` are {x: [low, high], y: [low, high]}. */
async function draw(name, datasets, limits, size = {}) {
  const place = document.getElementById(`chart-${name}`);
  const chart = data.charts.charts[name], specification = structuredClone(data.charts.kinds[chart.kind]);
  const has = name => (datasets[name] || []).length > 0;
  specification.layer = specification.layer.filter(layer => has(layer.data.name));
  place.replaceChildren();
  if (!["points", "marks", "bars", "dots"].some(has)) return void place.append(element("p", "There is nothing to draw for this choice.", { class: "note" }));
  specification.datasets = datasets;
  specification.width = Math.max(120, place.clientWidth - (size.left ?? 60) - (size.right ?? 0));
  if (size.height) specification.height = size.height;
  for (const [axis, [low, high]] of Object.entries(limits))
    for (const parameter of specification.params) {
      if (parameter.name === `${axis}_low`) parameter.value = low;
      if (parameter.name === `${axis}_high`) parameter.value = high;
    }
  setTitles(specification, { ...chart, ...size.titles });
  specification.description = size.description || name;
  const theme = isDark() ? "dark" : undefined;
  const turn = (drawn.get(name)?.turn || 0) + 1;
  drawn.get(name)?.result?.finalize();
  drawn.set(name, { turn });
  const result = await vegaEmbed(place, specification, {
    mode: "vega-lite", actions: false, renderer: "svg", config: configuration(), tooltip: { theme },
  });
  if (drawn.get(name).turn === turn) drawn.set(name, { turn, result });
  else result.finalize();
}

function setTitles(specification, titles) {
  for (const layer of specification.layer)
    for (const axis of ["x", "y"])
      if (layer.encoding[axis] && layer.encoding[axis].title === axis) layer.encoding[axis].title = titles[axis];
}

/**
 * Draw curves with their names at the right end.
 * @param curves [{name, style, points: [{x, y, said, file, size}]}], points from left to right
 */
async function drawCurves(name, curves, { loose = [], marks = [], horizontals = [], verticals = [], x, y, ...size } = {}) {
  const place = document.getElementById(`chart-${name}`);
  const shown = curves.filter(curve => curve.points.length);
  const every = [...shown.flatMap(curve => curve.points), ...loose, ...marks];
  const limits = { x: x || ends(every.map(point => point.x)), y: y || ends(every.map(point => point.y)) };
  const longest = Math.max(4, ...shown.map(curve => curve.name.length));
  const right = Math.min(12 + 7 * longest, 0.45 * place.clientWidth);
  const letters = Math.floor((right - 12) / 6.2);
  const height = Math.max(size.height || 340, 15 * shown.length + 20);
  const [low, high] = limits.y, unit = (high - low) / height;
  const last = shown.map(curve => curve.points.at(-1));
  const labels = spread(last.map(point => (point.y - low) / unit), 15, height).map(pixels => low + pixels * unit);
  const cut = word => word.length > letters ? `${word.slice(0, letters - 1)}…` : word;
  await draw(name, {
    lines: shown.flatMap(curve => curve.points.map((point, order) => ({ name: curve.name, x: point.x, y: point.y, order, ...curve.style }))),
    points: [...shown.flatMap(curve => curve.points.map(point => ({ size: 45, ...point, ...curve.style }))), ...loose],
    ends: shown.map((curve, nth) => ({ ...curve.style, ...last[nth], name: cut(curve.name), label_y: labels[nth], said: last[nth].said || curve.name })),
    marks, horizontals, verticals,
  }, limits, { ...size, right, height });
}

/** Draw rows of bars, one above the other, with names on the left. */
async function drawRows(name, rows, { x, verticals = [], lines = () => [], ...size } = {}) {
  const shown = rows.filter(row => row.bars.length);
  const base = nth => shown.length - 1 - nth;
  const most = row => Math.max(...row.bars.map(bar => bar.share));
  const place = document.getElementById(`chart-${name}`);
  const left = Math.min(20 + 7 * Math.max(4, ...shown.map(row => row.name.length)), 0.42 * place.clientWidth);
  const letters = Math.floor((left - 14) / 6.2);
  const cut = word => word.length > letters ? `${word.slice(0, letters - 1)}…` : word;
  await draw(name, {
    bars: shown.flatMap((row, nth) => row.bars.map(bar => ({
      x: bar.x, x2: bar.x2, y: base(nth), y2: base(nth) + 0.9 * bar.share / most(row), colour: row.style.colour,
      said: `${row.name}: ${number(100 * bar.share)} % of points from ${number(bar.x)} to ${number(bar.x2)}`, file: row.file,
    }))),
    names: shown.map((row, nth) => ({ name: cut(row.name), y: base(nth), said: row.said, file: row.file })),
    lines: shown.flatMap((row, nth) => lines(row).map((point, order) => ({ name: row.name, order, x: point.x, y: base(nth) + 0.9 * point.share / most(row) }))),
    verticals,
  }, { x: x || ends(shown.flatMap(row => row.bars.flatMap(bar => [bar.x, bar.x2]))), y: [0, Math.max(1, shown.length)] },
  { ...size, left, height: 30 * Math.max(1, shown.length) });
}
