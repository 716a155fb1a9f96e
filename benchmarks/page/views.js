// The other views: accuracy, honesty, thresholds, surrogates, networks, trainings and devices.

const CLASS_NAMES = ["cornerness 0", "cornerness 1", "cornerness 2", "cornerness ≥ 3", "inside", "edge"];

/** The integral to show: the chosen one, or the first of the choice that there is something of, or any. */
function shownIntegral(question, available) {
  const names = new Set(available);
  return members(question.integral).find(name => names.has(name)) || [...names][0];
}

/** Each method's run with most digits on an integral. */
const bestRuns = (integral, question) =>
  [...byMethod(integral, question).values()].map(same => same.reduce((a, b) => b.digits > a.digits ? b : a))
    .sort((a, b) => b.digits - a.digits);

function histogramRows(question, kind) {
  const here = data.accuracy.filter(entry => entry[kind] && entry.place === question.place);
  const integral = shownIntegral(question, here.map(entry => entry.integral));
  const rows = here.filter(entry => entry.integral === integral).map(entry => {
    const [first, width, counts] = entry[kind], sum = counts.reduce((a, b) => a + b, 0);
    const bars = counts.map((count, nth) => ({ x: first + nth * width, x2: first + (nth + 1) * width, share: count / sum }));
    const file = fileOf(entry.file);
    return { name: entry.method, style: styleOfMethod(entry.method), bars: bars.filter(bar => bar.share), width, digits: entry.digits, file, said: [entry.method, entry.setting].filter(Boolean).join(", ") };
  });
  return { integral, rows: rows.sort((a, b) => b.digits - a.digits) };
}

function otherIntegral(question, integral, kinds) {
  const available = [...new Set(data.accuracy.map(entry => entry.integral))].join(", ");
  return members(question.integral).includes(integral) ? `${integral}: each method's configuration with most digits.`
    : `Histograms are in the page for ${available}; shown is ${integral || "none"}. ${kinds}`;
}

function drawAccuracy(question) {
  const p = histogramRows(question, "p"), r = histogramRows(question, "r");
  const integral = members(question.integral).find(name => byMethod(name, question).size) || question.integral;
  const spread = bestRuns(integral, question).filter(run => run.r_std.length);
  note("accuracy", otherIntegral(question, p.integral, `The classes below are of ${integral}.`));
  const widest = Math.max(0.002, ...r.rows.flatMap(row => row.bars.filter(bar => bar.share > 0.002).flatMap(bar => [Math.abs(bar.x), Math.abs(bar.x2)])));
  const dots = spread.flatMap(run => run.r_std.map((value, nth) => ({ value, nth })).filter(({ value }) => value).map(({ value, nth }) => ({
    name: run.method, x: log10(value), colour: colourAt([0, 2, 5, 1, 7, 4][nth]), shape: SHAPES[nth],
    said: `${run.label}, ${CLASS_NAMES[nth]}: standard deviation of R ${number(value)}`, file: run.files[0],
  })));
  showLegend("legend-classes", CLASS_NAMES.map((name, nth) => [name, colourAt([0, 2, 5, 1, 7, 4][nth]), SHAPES[nth]]));
  return Promise.all([
    drawRows("p", p.rows, { description: "Histograms of P." }),
    drawRows("r", r.rows, { x: [-widest, widest], description: "Histograms of R." }),
    draw("classes", { dots }, { x: ends(dots.map(dot => dot.x)) }, { left: 190, description: "Spread of R by class of points." }),
  ]);
}

const GLYPHS = { "circle": "●", "square": "■", "triangle-up": "▲", "diamond": "◆", "cross": "✚", "triangle-down": "▼" };

function showLegend(id, entries) {
  document.getElementById(id).replaceChildren(...entries.flatMap(([name, colour, shape]) => {
    const glyph = element("span", `${GLYPHS[shape]} `, { "aria-hidden": "true" });
    glyph.style.color = colour;
    return [glyph, `${name}   `];
  }));
}

/** Laws of pulls where errors are honest: the normal law and, of the modulus of a complex difference with equal errors
 * of both parts, Rayleigh's. */
const HONEST = {
  real: { density: x => Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI), within: [0.683, 0.997] },
  complex: { density: x => x < 0 ? 0 : 2 * x * Math.exp(-x * x), within: [0.632, 0.9999] },
};

const honestLaw = integral => HONEST[(data.integrals[integral] || {}).region === "physical" ? "complex" : "real"];

const shareOf = (density, from, to) => (to - from) * (density(from) + 4 * density((from + to) / 2) + density(to)) / 6;

function drawHonesty(question) {
  const integral = members(question.integral).find(name => byMethod(name, question).size) || question.integral;
  const claiming = bestRuns(integral, question).filter(run => run.within_1 !== null);
  const kinds = [["within_1", "within one error", 0, "circle"], ["within_3", "within three errors", 1, "diamond"]];
  const dots = claiming.flatMap(run => kinds.map(([key, words, colour, shape]) => ({
    name: run.method, x: run[key], colour: colourAt(colour), shape, file: run.files[0],
    said: `${run.label}: ${number(100 * run[key])} % of points ${words}`,
  })));
  showLegend("legend-coverage", kinds.map(([, words, colour, shape]) => [words, colourAt(colour), shape]));
  const pull = histogramRows(question, "pull");
  note("honesty", `${integral}: ${claiming.length} methods state errors, of each the configuration with most digits. Pulls: ${otherIntegral(question, pull.integral, "")}`);
  const { density } = honestLaw(pull.integral);
  const lines = row => Array.from({ length: 65 }, (_, nth) => -4 + nth / 8).map(x => ({ x, share: shareOf(density, x - row.width / 2, x + row.width / 2) }));
  const verticals = honestLaw(integral).within.map(x => ({ x, name: `${number(100 * x)} %` }));
  return Promise.all([
    draw("coverage", { dots, verticals }, { x: [0, 1.02] }, { left: 190, description: "Shares of points within claimed errors." }),
    drawRows("pull", pull.rows, { x: [-8, 8], lines, description: "Histograms of pulls, with the law of honest errors." }),
  ]);
}

function drawThresholds(question) {
  const here = data.thresholds.filter(entry => entry.place === question.place);
  const integral = shownIntegral(question, here.map(entry => entry.integral));
  const entries = here.filter(entry => entry.integral === integral);
  const invariants = [...new Set(entries.map(entry => entry.invariant))];
  const invariant = invariants[options("which-invariant", invariants, () => drawThresholds(asked()))], key = question.measure === "worst" ? "digits_worst" : "digits_mean";
  note("thresholds", entries.length ? `${integral}: digits ${measureName(question)} in intervals of ${invariant}, of each method's configuration with most digits.`
    : "No integral with a threshold was measured on this machine.");
  const curves = entries.filter(entry => entry.invariant === invariant).map(entry => ({
    name: entry.method, style: styleOfMethod(entry.method),
    points: [...entry[key], entry[key].at(-1)].map((y, nth) => ({
      x: entry.edges[nth], y, size: 20, file: fileOf(entry.file),
      said: `${entry.method}: ${number(y)} digits for ${invariant} from ${number(entry.edges[nth])} on`,
    })).filter(point => point.y !== null),
  }));
  const verticals = (entries.find(entry => entry.invariant === invariant)?.marked || []).map(x => ({ x, name: number(x) }));
  return drawCurves("threshold", curves, { verticals, titles: { x: invariant || "invariant" }, description: "Digits against an invariant with thresholds." });
}

/** Curves of a list of {name, x, y, file}, a curve for each name. */
function namedCurves(entries, { x = value => value, y = value => value } = {}) {
  return [...new Set(entries.map(entry => entry.name))].map((name, nth) => ({
    name, style: { colour: colourAt(nth), dash: DASHES[Math.floor(nth / data.colours.length) % DASHES.length], shape: SHAPES[nth % SHAPES.length] },
    points: entries.filter(entry => entry.name === name).sort((a, b) => a.x - b.x).map(entry => ({
      x: x(entry.x), y: y(entry.y), said: `${name}: ${number(entry.y)} at ${number(entry.x)}`, file: fileOf(entry.file),
    })),
  }));
}

function drawSurrogates(question) {
  const integral = shownIntegral(question, data.surrogates.map(entry => entry.integral));
  note("surrogates", integral ? `The chart is of ${integral}.` : "");
  return drawCurves("labels", namedCurves(data.surrogates.filter(entry => entry.integral === integral), { x: log10 }), { description: "Digits against the number of labels." });
}

function drawNetworks(question) {
  const integral = shownIntegral(question, data.uncertain.map(entry => entry.integral));
  const kinds = [...new Set(data.uncertain.map(entry => entry.class))];
  const dots = data.uncertain.filter(entry => entry.integral === integral).map(entry => {
    const nth = kinds.indexOf(entry.class);
    return { ...entry, colour: colourAt(nth), shape: SHAPES[nth], file: fileOf(entry.file), said: `${entry.name}: pulls on ${entry.class} have width ${number(entry.x)}` };
  });
  showLegend("legend-widths", kinds.map((name, nth) => [name, colourAt(nth), SHAPES[nth]]));
  note("networks", integral ? `The widths are of ${integral}.` : "");
  const gains = namedCurves(data.gains.map(entry => ({ ...entry, name: `${entry.name} (${entry.integral})` })));
  const most = Math.max(1, ...data.gains.map(entry => entry.x));
  const ideal = { name: "½ log₁₀ n", style: { colour: styleOf("--dim"), dash: [2, 2], shape: "circle" }, points: Array.from({ length: most }, (_, n) => ({ x: n + 1, y: log10(n + 1) / 2, size: 0, said: "independent errors" })) };
  return Promise.all([
    draw("widths", { dots, verticals: [{ x: 1, name: "honest" }] }, { x: [0, ends(dots.map(dot => dot.x).concat(1))[1]] }, { left: 250, description: "Width of pulls." }),
    drawCurves("gain", data.gains.length ? [...gains, ideal] : [], { description: "Digits gained by replicas." }),
  ]);
}

/** The place of what is chosen in a list; other names than before begin with the first. */
function options(id, names, redraw) {
  const select = document.getElementById(id);
  if (names.join() !== select.dataset.names) {
    select.replaceChildren(...names.map((name, nth) => element("option", name, { value: nth })));
    select.dataset.names = names.join();
    select.onchange = redraw;
  }
  return Number(select.value || 0);
}

function drawTraining() {
  if (!data.trainings.length) return drawCurves("training", []);
  const training = data.trainings[options("which-training", data.trainings.map(entry => entry.name), drawTraining)];
  const figures = ["log₁₀ of loss and rate, digits", ...Object.keys(training.layers).map(key => key.replaceAll("_", " "))];
  const nth = options("which-figure", figures, drawTraining), key = Object.keys(training.layers)[nth - 1];
  const isLog = name => name.includes("loss") || name.includes("rate") || name === "gradient_std";
  const series = nth ? training.layers[key] : training.curves;
  const y = name => value => isLog(nth ? key : name) ? log10(value) : value;
  const entries = Object.entries(series).map(([name, values]) => namedCurves(
    values.map((value, at) => ({ name, x: training.x[at], y: value, file: training.file })).filter(entry => entry.y !== null && Number.isFinite(y(name)(entry.y))),
    { y: y(name) })[0]).filter(Boolean);
  const curves = entries.map((curve, at) => ({ ...curve, name: `${isLog(nth ? key : curve.name) ? "log₁₀ " : ""}${curve.name.replaceAll("_", " ")}`, style: { colour: colourAt(at), dash: DASHES[at % DASHES.length], shape: SHAPES[at % SHAPES.length] } }));
  return drawCurves("training", curves, {
    titles: { x: training.progress === "n_updates" ? "updates" : "training time (s)", y: figures[nth] }, description: "How a network trained.",
  });
}

function drawDevices(question) {
  const integral = shownIntegral(question, data.device_times.map(entry => entry.integral));
  const here = data.device_times.filter(entry => entry.integral === integral);
  const chosen = here.filter(entry => entry.place === question.place), any = chosen.length ? chosen : here.filter(entry => entry.place === here[0].place);
  note("devices", any.length ? `${integral} on ${any[0].place}.` : "");
  return drawCurves("devices", namedCurves(any, { x: log10, y: log10 }), { height: 420, description: "Microseconds per value against points per call." });
}
