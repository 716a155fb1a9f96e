"use strict";
// The question, and its answer from the summary rows: which method has so many digits in the least time per value.
const data = JSON.parse(document.getElementById("data").textContent);
const text = number => data.strings[number];
const fileOf = number => data.files[number].map(text).join(".") + ".json";
const { columns, texts } = data.summary;
const runs = data.summary.rows.map(row => {
  const run = Object.fromEntries(columns.map((name, nth) => [name, nth < texts ? text(row[nth]) : row[nth]]));
  run.files = run.files.map(fileOf);
  run.label = run.method + (run.setting ? `, ${run.setting}` : "");
  return run;
});
const compared = runs.filter(run => !run.replaced && run.digits !== null && run.prep_s !== null && run.many_us !== null);
const methodNames = [...new Set(runs.map(run => run.method))].sort();
const places = [...new Set(runs.map(run => run.place))];
const isMeasured = integral => runs.some(run => run.integral === integral);
const integralNames = Object.keys(data.integrals).filter(isMeasured);

const FAMILIES = {
  "all integrals": () => true,
  "held-out integrals": about => about.use === "held-out",
  "development integrals": about => about.use === "development",
  "below threshold": about => about.region === "Euclidean",
  "above threshold": about => about.region === "physical",
  "up to four invariants": about => about.m !== null && about.m <= 4,
  "five invariants or more": about => about.m >= 5,
};

/** Integrals that a choice stands for: those of a family, or one. */
function members(choice) {
  const belongs = FAMILIES[choice];
  return belongs ? integralNames.filter(name => belongs(data.integrals[name])) : [choice];
}

/** Microseconds per value, with the share of the preparation that falls on it. */
function cost(run, question) {
  const each = question.calls === "one" ? run.one_us : run.many_us;
  if (each === null) return Infinity;
  return each + (question.values === Infinity ? 0 : 1e6 * run.prep_s / question.values);
}

const digitsOf = (run, question) => question.measure === "worst" ? run.worst : run.digits;

/** Finished and timed runs on an integral at the question's place, by method. */
function byMethod(integral, question) {
  const found = new Map();
  for (const run of compared)
    if (run.integral === integral && run.place === question.place && digitsOf(run, question) !== null)
      found.set(run.method, [...(found.get(run.method) || []), run]);
  return found;
}

/** The run with enough digits that costs least, or undefined. */
function cheapest(found, question) {
  let best;
  for (const run of found)
    if (digitsOf(run, question) >= question.digits && cost(run, question) < Infinity)
      if (!best || cost(run, question) < cost(best, question)) best = run;
  return best;
}

/** Runs that no other beats in both cost and digits, the cheapest first. */
function lowerEnvelope(found, question) {
  const ordered = found.filter(run => cost(run, question) < Infinity).sort(
    (a, b) => cost(a, question) - cost(b, question) || digitsOf(b, question) - digitsOf(a, question));
  const envelope = [];
  for (const run of ordered)
    if (!envelope.length || digitsOf(run, question) > digitsOf(envelope.at(-1), question)) envelope.push(run);
  return envelope;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b), half = sorted.length / 2;
  return sorted.length % 2 ? sorted[Math.floor(half)] : sorted[half] === Infinity ? Infinity : (sorted[half - 1] + sorted[half]) / 2;
}

/**
 * Methods with their costs, the cheapest first: of one integral by its cheapest run; of several by the median over all
 * of them, where a method that lacks the digits on one, or was not run there, costs infinitely much.
 */
function answers(question) {
  const measured = members(question.integral).map(name => byMethod(name, question)).filter(found => found.size);
  const names = new Set(measured.flatMap(found => [...found.keys()]));
  const best = measured.map(found => new Map([...found].map(([name, same]) => [name, cheapest(same, question)])));
  const quickest = best.map(found => Math.min(...[...found.values()].filter(Boolean).map(run => cost(run, question))));
  const ranked = [...names].map(method => {
    const found = best.map(here => here.get(method));
    const costs = found.map(run => run ? cost(run, question) : Infinity);
    const most = Math.max(...measured.flatMap(here => (here.get(method) || []).map(run => digitsOf(run, question))));
    return {
      method, us: median(costs), run: measured.length === 1 ? found[0] : undefined, most,
      solved: costs.filter(us => us < Infinity).length, of: costs.length, ran: measured.filter(here => here.has(method)).length,
      wins: costs.filter((us, nth) => us < Infinity && us === quickest[nth]).length,
    };
  });
  return ranked.sort((a, b) => a.us === b.us ? b.solved - a.solved || b.most - a.most : a.us - b.us);
}

// ----- words -----

function number(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const power = Math.floor(Math.log10(Math.abs(value)));
  if (power < -3 || power > 5) {
    const exponent = Math.floor(Math.log10(Number(Math.abs(value).toPrecision(3))));
    return `${Number((value / 10 ** exponent).toPrecision(3))} · 10${superscript(exponent)}`;
  }
  return Number(value.toPrecision(3)).toLocaleString("en", { maximumFractionDigits: Math.max(0, 2 - power) });
}

const whole = value => value === null ? "–" : value.toLocaleString("en");
const superscript = exponent => String(exponent).replace(/./g, c => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]);
const powerOfTen = exponent => exponent < 4 ? (10 ** exponent).toLocaleString("en") : `10${superscript(exponent)}`;
const measureName = question => question.measure === "worst" ? "at the worst point" : "on average";

/** What a run is and has, in one sentence for those who hover over it. */
function sentence(run, question) {
  const calls = question.calls === "one" ? "one by one" : `in batches of ${whole(run.batch)}`;
  return `${run.label} on ${run.integral}: ${number(run.digits)} digits on average, ${number(run.worst)} at the worst ` +
    `point; ${number(question.calls === "one" ? run.one_us : run.many_us)} µs per value ${calls}, after ` +
    `${number(run.prep_s)} s of preparation` + (run.note ? ` (${run.note})` : "");
}
